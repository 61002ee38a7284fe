// Package history is what the clients of a federation asked and were told, and
// what the links between companies carried: the evidence that the judge works
// on. It knows nothing of processes.
package history

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Kind of an operation.
type Kind string

// The operations of drivers (first eight) and of operators.
const (
	Create       Kind = "create"
	Read         Kind = "read"
	Decide       Kind = "decide"
	Cancel       Kind = "cancel"
	Swap         Kind = "swap"
	Availability Kind = "availability"
	Plug         Kind = "plug"
	Unplug       Kind = "unplug"
	Withdraw     Kind = "withdraw"
	Restore      Kind = "restore"
	// Stray is a compensate of a stop at which a car charges, as one comes that was
	// long on its way: it must leave the stop as it is.
	Stray Kind = "stray compensate"
)

// Slot is a window of one EVSE.
type Slot struct {
	EVSE   charging.EVSEID `json:"evse"`
	Window charging.Window `json:"window"`
}

// Op is one request of one client. Times count from the run's start, by one
// monotonic clock for all clients.
type Op struct {
	Client  int                `json:"client"`
	Kind    Kind               `json:"kind"`
	Call    time.Duration      `json:"call"`
	Return  time.Duration      `json:"return"`
	Company charging.CompanyID `json:"company"`
	Vehicle charging.VehicleID `json:"vehicle,omitempty"`
	// Trip that was named, or that the answer names.
	Trip charging.TripID `json:"trip,omitempty"`
	// Key is the Idempotency-Key of a create.
	Key    string      `json:"key,omitempty"`
	Policy trip.Policy `json:"policy,omitempty"`
	Stops  []Slot      `json:"stops,omitempty"`
	// Action of a decision.
	Action string `json:"action,omitempty"`
	// EVSE of an operator's operation, of an availability, a plug or an unplug.
	EVSE charging.EVSEID `json:"evse,omitempty"`

	// Answered is false when nobody knows whether it was executed.
	Answered bool `json:"answered"`
	// Code is the refusal, empty with a success.
	Code charging.Code `json:"code,omitempty"`
	// State and Legs are the trip in a successful answer.
	State trip.State `json:"state,omitempty"`
	Legs  []trip.Leg `json:"legs,omitempty"`
	// Asked are the legs that the trip in the answer asks its driver about.
	Asked []int `json:"asked,omitempty"`
	// Free are the free windows of an availability.
	Free []charging.Window `json:"free,omitempty"`

	// Request is the id of a plug or an unplug: what is repeated under it is one
	// operation, from the first time that it was sent.
	Request string `json:"request,omitempty"`
	// Told is what an unplug says that the car has taken, in kWh.
	Told float64 `json:"told,omitempty"`
	// Status of the answer to a plug or an unplug.
	Status int `json:"status,omitempty"`
	// Stop is the reservation in such an answer; nil where it has none.
	Stop *Stop `json:"stop,omitempty"`
}

// Kept is the status of the answer to an unplug that waits for its plug.
const Kept = 202

// Stop is a booked stop in the answer to a plug or an unplug.
type Stop struct {
	ReservationID charging.ReservationID `json:"reservation_id"`
	Trip          charging.TripID        `json:"trip_id"`
	Origin        charging.CompanyID     `json:"origin"`
	EVSE          charging.EVSEID        `json:"evse_id"`
	End           time.Time              `json:"end"`
	Epoch         int64                  `json:"epoch"`
	State         charging.State         `json:"state"`
	// Session is billed once the car has left.
	Session *charging.Session `json:"session,omitempty"`
}

// OK reports whether the operation was answered with a success.
func (o Op) OK() bool { return o.Answered && o.Code == "" }

// Claim is one claim or reserve that a link carried, with its answer: the two
// tickets say who should have gone first.
type Claim struct {
	At            time.Duration          `json:"at"`
	Step          string                 `json:"step"`
	From          charging.CompanyID     `json:"from"`
	Trip          charging.TripID        `json:"trip"`
	ReservationID charging.ReservationID `json:"reservation"`
	EVSE          charging.EVSEID        `json:"evse"`
	// GrantedAt of the ticket that was presented (µs); empty without one.
	GrantedAt string `json:"granted_at,omitempty"`
	// Code of the refusal; empty when granted.
	Code charging.Code `json:"code,omitempty"`
	// Ahead and AheadTrip are the ticket and the trip that the refusal names.
	Ahead     string          `json:"ahead,omitempty"`
	AheadTrip charging.TripID `json:"ahead_trip,omitempty"`
}

// Preemption is a notice from an EVSE's owner that a link carried: a stop went
// to an older trip.
type Preemption struct {
	At            time.Duration          `json:"at"`
	Trip          charging.TripID        `json:"trip"`
	ReservationID charging.ReservationID `json:"reservation_id"`
	By            charging.TripID        `json:"by"`
}

// Contest is a company's question to a peer, whether a vehicle charges there,
// that a link carried with its answer.
type Contest struct {
	// Since and At are between when it was on its way.
	Since   time.Duration      `json:"since"`
	At      time.Duration      `json:"at"`
	From    charging.CompanyID `json:"from"`
	To      charging.CompanyID `json:"to"`
	Vehicle charging.VehicleID `json:"vehicle"`
	EVSE    charging.EVSEID    `json:"evse"`
	Busy    bool               `json:"busy"`
}

// Recorder collects a history. It is safe for use by many goroutines.
type Recorder struct {
	start  time.Time
	mu     sync.Mutex
	ops    []Op
	claims []Claim
	lost   []Preemption
	asked  []Contest
}

// NewRecorder starts the history's clock.
func NewRecorder() *Recorder { return &Recorder{start: time.Now()} }

// Now is the time since the start.
func (r *Recorder) Now() time.Duration { return time.Since(r.start) }

// Add keeps an operation that has returned; its Return is now.
func (r *Recorder) Add(o Op) {
	o.Return = r.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, o)
}

// AddClaim keeps what a link carried.
func (r *Recorder) AddClaim(c Claim) {
	c.At = r.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.claims = append(r.claims, c)
}

// AddPreemption keeps a notice.
func (r *Recorder) AddPreemption(p Preemption) {
	p.At = r.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost = append(r.lost, p)
}

// AddContest keeps a question about a vehicle that was on its way for so long.
func (r *Recorder) AddContest(c Contest, took time.Duration) {
	c.At = r.Now()
	c.Since = c.At - took
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, c)
}

// Contests gives the questions about vehicles so far.
func (r *Recorder) Contests() []Contest {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

// Start is when the history's clock began.
func (r *Recorder) Start() time.Time { return r.start }

// Ops gives the operations that were recorded so far.
func (r *Recorder) Ops() []Op {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ops)
}

// Wire gives what the links have carried so far.
func (r *Recorder) Wire() ([]Claim, []Preemption) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.claims), slices.Clone(r.lost)
}

// Write puts operations, or claims, into a file, one JSON object a line.
func Write[T Op | Claim | Contest](path string, ops []T) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	for _, o := range ops {
		if err := enc.Encode(o); err != nil {
			_ = f.Close()
			return fmt.Errorf("history: %s: %w", path, err)
		}
	}
	if err := w.Flush(); err != nil {
		_ = f.Close()
		return fmt.Errorf("history: %s: %w", path, err)
	}
	return f.Close()
}
