package elsewhere

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

const (
	// foundFor is how long a trip's originator is remembered, refusedFor that nobody
	// knows a trip, or that it is another vehicle's.
	foundFor   = time.Hour
	refusedFor = 10 * time.Second
	// remembered bounds each of these memories, by generation.
	remembered = 5000
	// actPatience is how long an act may take at its originator, beyond a read.
	actPatience = 30 * time.Second
)

// Trips are those that began at other companies. It is safe for use by many goroutines.
type Trips struct {
	o Options

	found    recent[charging.TripID, charging.CompanyID]
	refused  recent[asked, error]
	searches recent[charging.VehicleID, bucket]
	came     recent[charging.VehicleID, identity.Caller]

	mu    sync.Mutex
	busy  map[charging.VehicleID]int // requests that are passed on
	feeds map[charging.VehicleID]*feed

	// life ends with Close, which waits for the listeners.
	life      context.Context
	endLife   context.CancelFunc
	listeners sync.WaitGroup
}

// asked is a trip that a vehicle has asked about: what it may not see is no news of
// others.
type asked struct {
	vehicle charging.VehicleID
	trip    charging.TripID
}

// New makes it; it asks nobody yet.
func New(o Options) (*Trips, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	t := &Trips{o: o, busy: map[charging.VehicleID]int{}, feeds: map[charging.VehicleID]*feed{}}
	t.life, t.endLife = context.WithCancel(context.Background())
	t.found.most, t.refused.most, t.searches.most = remembered, remembered, remembered
	t.came.most = remembered
	return t, nil
}

// Request is what a vehicle has asked of the driver API.
type Request struct {
	// Method and Path, escaped and with its query.
	Method, Path string
	// Header has what goes on with it.
	Header http.Header
	Body   []byte
	// Wait is how long the caller prefers to wait for the answer.
	Wait time.Duration
}

// safe reports whether a request changes nothing.
func (q Request) safe() bool { return q.Method == http.MethodGet }

func (q Request) patience() time.Duration {
	if q.safe() {
		return q.Wait
	}
	return q.Wait + actPatience
}

// Ask finds the originator of a trip that did not begin here, and asks it. Refusals are
// the originator's. UNKNOWN_TRIP: no company knows the trip; RATE_LIMITED: too many
// were looked for; *Away: who should know does not answer. identity.ErrNoProof.
func (t *Trips) Ask(ctx context.Context, who identity.Caller, id charging.TripID, q Request) (client.ForwardedAnswer, error) {
	leave, err := t.enter(who.Vehicle)
	if err != nil {
		return client.ForwardedAnswer{}, err
	}
	defer leave()
	origin, held, err := t.originator(ctx, who, id)
	if err != nil {
		return client.ForwardedAnswer{}, err
	}
	a, err := t.forward(ctx, who, origin, q)
	switch {
	case silence(err):
		return a, t.away(ctx, who, id, origin, held, q, err)
	case charging.CodeOf(err) == charging.CodeUnknownTrip:
		t.found.drop(id)
	}
	if err == nil {
		err = about(a, who.Vehicle, id, q.Path)
	}
	return a, err
}

// enter takes one of a vehicle's places. RATE_LIMITED.
func (t *Trips) enter(v charging.VehicleID) (leave func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.busy[v] >= t.o.Each {
		return nil, tooMany("this vehicle waits for too many answers of other companies", time.Second)
	}
	t.busy[v]++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.busy[v]--; t.busy[v] == 0 {
			delete(t.busy, v)
		}
	}, nil
}

func tooMany(why string, wait time.Duration) error {
	return &charging.Refusal{Code: charging.CodeRateLimited, Detail: why + "; come again after the time in Retry-After", RetryAfter: wait}
}

// forward asks one company for a vehicle.
func (t *Trips) forward(ctx context.Context, who identity.Caller, to charging.CompanyID, q Request) (client.ForwardedAnswer, error) {
	proof, err := t.o.Vouch(who, to)
	if err != nil {
		return client.ForwardedAnswer{}, err
	}
	return t.o.Peers.Forward(ctx, to, client.Forwarded{
		Vehicle: who.Vehicle, Proof: proof, Method: q.Method, Path: q.Path, Header: q.Header, Body: q.Body, Patience: q.patience(),
	})
}

// silence reports whether an error says that a company has not answered the vehicle:
// nothing came, or it does not believe this company.
func silence(err error) bool {
	switch charging.CodeOf(err) {
	case "":
		return err != nil && !errors.Is(err, identity.ErrNoProof)
	case charging.CodePeerUnavailable, charging.CodeUnauthenticated:
		return true
	}
	return false
}

// about refuses an answer about a trip that was not asked about: whoever is believed
// about a trip, it is about this one only. Answers of other shapes are taken as they are.
func about(a client.ForwardedAnswer, v charging.VehicleID, id charging.TripID, path string) error {
	if !ofTrip(path) {
		return nil
	}
	var got trip.Trip
	if err := json.Unmarshal(a.Body, &got); err != nil {
		return fmt.Errorf("%w: %w", client.ErrRubbish, err)
	}
	if got.ID != id || got.VehicleID != v || !got.State.Valid() {
		return fmt.Errorf("%w: an answer about another trip than %s", client.ErrRubbish, id)
	}
	return nil
}

// ofTrip reports whether a path is answered with a trip.
func ofTrip(path string) bool {
	path, _, _ = strings.Cut(path, "?")
	return !strings.HasSuffix(path, "/history") && !strings.HasSuffix(path, "/alternatives")
}
