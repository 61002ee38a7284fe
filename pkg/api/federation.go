package api

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/legible"
)

// Bounds of the federation's requests.
const (
	maxTicket = 4096
	maxOwner  = 128
	maxEpoch  = 1 << 53
	// maxKWh of one session.
	maxKWh = 10_000
	// minTTL and maxTTL of a request, in seconds; more than charging.MaxHold is cut.
	minTTL, maxTTL = 0.001, 1e6
	// MaxAvailabilityEVSEs of one request.
	MaxAvailabilityEVSEs = 500
	// MaxAvailabilitySpan between from and to.
	MaxAvailabilitySpan = 31 * 24 * time.Hour
)

// RefBody names a reservation: what renew, confirm, compensate, start and
// complete carry. The reservation id is in the path.
type RefBody struct {
	TripID charging.TripID    `json:"trip_id"`
	Origin charging.CompanyID `json:"origin"`
	EVSEID charging.EVSEID    `json:"evse_id"`
	End    time.Time          `json:"end"`
	Epoch  int64              `json:"epoch"`
	// Owner names the server that holds the saga's lease under that epoch; an
	// extension, which other implementations may leave out.
	Owner string `json:"owner,omitempty"`
	// TTLSeconds of a renew.
	TTLSeconds float64 `json:"ttl_seconds,omitempty"`
	// EnergyKWh of a complete: what the car has taken; of a start: what is planned.
	EnergyKWh float64 `json:"energy_kwh,omitempty"`
	// At of a start and a complete: when the car plugged in or left.
	At time.Time `json:"at,omitzero"`
}

// HoldBody asks for a claim or a reserve.
type HoldBody struct {
	RefBody
	Leg       int                `json:"leg"`
	Start     time.Time          `json:"start"`
	VehicleID charging.VehicleID `json:"vehicle_id"`
	Ticket    string             `json:"ticket,omitempty"`
	Reserve   bool               `json:"reserve,omitempty"`
}

// MoveBody asks for another window of a reservation.
type MoveBody struct {
	RefBody
	Seq int64           `json:"seq"`
	To  charging.Window `json:"to"`
}

// MoveBodyOf is the body of a move.
func MoveBodyOf(m charging.Move) MoveBody {
	return MoveBody{RefBody: RefBodyOf(m.Ref, 0), Seq: m.Seq, To: charging.NewWindow(m.To.Start, m.To.End)}
}

// RefBodyOf is the body of an action on a reservation; ttl is renew's and zero
// for the others.
func RefBodyOf(ref charging.Ref, ttl time.Duration) RefBody {
	return RefBody{
		TripID: ref.TripID, Origin: ref.Origin, EVSEID: ref.EVSEID, End: ref.End.UTC(),
		Epoch: ref.Epoch, Owner: ref.Owner, TTLSeconds: ttl.Seconds(),
	}
}

// HoldBodyOf is the body of a claim or reserve.
func HoldBodyOf(h charging.HoldRequest) HoldBody {
	return HoldBody{
		RefBody: RefBodyOf(h.Ref, h.TTL), Leg: h.Leg, Start: h.Start.UTC(),
		VehicleID: h.VehicleID, Ticket: h.Ticket, Reserve: h.Reserve,
	}
}

// DecodeReserve reads the body of …/reserve for the reservation id of the path.
// Whether the window lies in the past is for the owner's clock, after the check
// for a repeat. MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD, INVALID_WINDOW.
func DecodeReserve(rid charging.ReservationID, body []byte) (charging.HoldRequest, error) {
	return decodeHold(rid, body, false)
}

// DecodeClaim is DecodeReserve for …/claim, which needs a ticket.
func DecodeClaim(rid charging.ReservationID, body []byte) (charging.HoldRequest, error) {
	return decodeHold(rid, body, true)
}

func decodeHold(rid charging.ReservationID, body []byte, claim bool) (charging.HoldRequest, error) {
	if h, ok := plainHold(rid, body, claim); ok {
		return h, nil
	}
	return thoroughHold(rid, body, claim)
}

func thoroughHold(rid charging.ReservationID, body []byte, claim bool) (charging.HoldRequest, error) {
	r, err := newReader(body, false)
	if err != nil {
		return charging.HoldRequest{}, err
	}
	h := charging.HoldRequest{TTL: r.ttl()}
	r.require("leg")
	if claim {
		r.require("ticket")
	}
	h.Leg = int(r.integer("leg", 1, MaxStops, 1))
	h.VehicleID = id[charging.VehicleID](r, "vehicle_id", 64, true)
	h.Ticket = r.text("ticket", maxTicket)
	h.Reserve = r.yes("reserve")
	var end time.Time
	h.Start, end = r.window(time.Time{})
	h.Ref = r.ref(rid)
	h.End = end
	return h, r.rep.err()
}

// DecodeStart reads the body of start, like DecodeRef; energy_kwh is what the
// car plans to take, at when it plugged in.
func DecodeStart(rid charging.ReservationID, body []byte) (charging.Ref, charging.Arrival, error) {
	ref, kWh, at, err := decodeSession(rid, body)
	return ref, charging.Arrival{At: at, PlannedKWh: kWh}, err
}

// DecodeComplete reads the body of complete, like DecodeRef; without energy_kwh
// the car has taken nothing.
func DecodeComplete(rid charging.ReservationID, body []byte) (charging.Ref, charging.Leaving, error) {
	ref, kWh, at, err := decodeSession(rid, body)
	return ref, charging.Leaving{EnergyKWh: kWh, At: at}, err
}

func decodeSession(rid charging.ReservationID, body []byte) (ref charging.Ref, kWh float64, at time.Time, err error) {
	r, err := newReader(body, false)
	if err != nil {
		return charging.Ref{}, 0, time.Time{}, err
	}
	if n := r.number("energy_kwh", 0, maxKWh); n != nil {
		kWh = *n
	}
	at = r.instant("at")
	ref = r.refWithEnd(rid)
	return ref, kWh, at, r.rep.err()
}

// ContestAnswer answers POST …/vehicles/{vehicle_id}/contest.
type ContestAnswer struct {
	// Busy is true while the vehicle charges at the answering company.
	Busy *bool `json:"busy"`
}

// DecodeContest reads the body of …/contest for the vehicle of the path.
// MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD.
func DecodeContest(v charging.VehicleID, body []byte) (charging.Contest, error) {
	r, err := newReader(body, false)
	if err != nil {
		return charging.Contest{}, err
	}
	r.require("started_at")
	k := charging.Contest{
		VehicleID:     v,
		ReservationID: id[charging.ReservationID](r, "reservation_id", 64, true),
		EVSEID:        id[charging.EVSEID](r, "evse_id", 64, true),
		StartedAt:     r.text("started_at", 16),
	}
	return k, r.rep.err()
}

// DecodeMove reads the body of move. MALFORMED_REQUEST, TOO_LARGE,
// INVALID_FIELD, INVALID_WINDOW.
func DecodeMove(rid charging.ReservationID, body []byte) (charging.Move, error) {
	r, err := newReader(body, false)
	if err != nil {
		return charging.Move{}, err
	}
	r.require("seq")
	m := charging.Move{Seq: r.integer("seq", 1, maxEpoch, 1)}
	r.require("to")
	if to := r.object("to"); to != nil {
		m.To.Start, m.To.End = to.window(time.Time{})
	}
	m.Ref = r.refWithEnd(rid)
	return m, r.rep.err()
}

// DecodeRef reads the body of confirm and compensate.
// MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD.
func DecodeRef(rid charging.ReservationID, body []byte) (charging.Ref, error) {
	if b, ok := plainRef(body); ok {
		return b.ref(rid), nil
	}
	r, err := newReader(body, false)
	if err != nil {
		return charging.Ref{}, err
	}
	ref := r.refWithEnd(rid)
	return ref, r.rep.err()
}

// DecodeRenew reads the body of renew, like DecodeRef.
func DecodeRenew(rid charging.ReservationID, body []byte) (charging.Ref, time.Duration, error) {
	if b, ok := plainRef(body); ok && b.ttl() > 0 {
		return b.ref(rid), b.ttl(), nil
	}
	r, err := newReader(body, false)
	if err != nil {
		return charging.Ref{}, 0, err
	}
	ttl := r.ttl()
	ref := r.refWithEnd(rid)
	return ref, ttl, r.rep.err()
}

func (r *reader) refWithEnd(rid charging.ReservationID) charging.Ref {
	r.require("end")
	end := r.instant("end")
	if end.Nanosecond() != 0 {
		r.rep.add(charging.CodeInvalidWindow, r.path+"end", "must be a whole second")
	}
	ref := r.ref(rid)
	ref.End = end
	return ref
}

// ref takes all of a Ref but its end.
func (r *reader) ref(rid charging.ReservationID) charging.Ref {
	ref := charging.Ref{
		ID:     rid,
		TripID: id[charging.TripID](r, "trip_id", 64, true),
		Origin: id[charging.CompanyID](r, "origin", 8, true),
		EVSEID: id[charging.EVSEID](r, "evse_id", 64, true),
	}
	ref.Epoch = r.integer("epoch", 1, maxEpoch, 1)
	ref.Owner = r.text("owner", maxOwner)
	if !printable(ref.Owner) {
		r.invalid("owner", "may hold printable ASCII characters only")
	}
	return ref
}

// ttl takes ttl_seconds, a number above 0; more than charging.MaxHold is cut.
func (r *reader) ttl() time.Duration {
	r.require("ttl_seconds")
	s := r.number("ttl_seconds", minTTL, maxTTL)
	if s == nil {
		return 0
	}
	return cutTTL(*s)
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// AvailabilityRequest asks for the free windows of EVSEs in [From, To).
type AvailabilityRequest struct {
	EVSEIDs []charging.EVSEID `json:"evse_ids"`
	From    time.Time         `json:"from"`
	To      time.Time         `json:"to"`
}

// Window of the request.
func (a AvailabilityRequest) Window() charging.Window { return charging.NewWindow(a.From, a.To) }

// DecodeAvailability reads the body of POST /federation/v1/availability.
// MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD, INVALID_WINDOW.
func DecodeAvailability(body []byte) (AvailabilityRequest, error) {
	r, err := newReader(body, false)
	if err != nil {
		return AvailabilityRequest{}, err
	}
	for _, name := range []string{"evse_ids", "from", "to"} {
		r.require(name)
	}
	var a AvailabilityRequest
	for i, v := range r.list("evse_ids", MaxAvailabilityEVSEs) {
		id, ok := v.(string)
		name := fmt.Sprintf("evse_ids[%d]", i)
		if !ok {
			r.wrongType(name, "a string", v)
			continue
		}
		r.judge(name, charging.EVSEID(id).Validate())
		a.EVSEIDs = append(a.EVSEIDs, charging.EVSEID(id))
	}
	a.From, a.To = r.instant("from"), r.instant("to")
	if len(r.rep.wrong) == 0 {
		r.judge("to", CheckSpan(a.From, a.To))
	}
	return a, r.rep.err()
}

// CheckSpan judges the time between from and to of an availability: some, and
// at most MaxAvailabilitySpan. INVALID_WINDOW, naming "to".
func CheckSpan(from, to time.Time) error {
	reason := ""
	switch {
	case !to.After(from):
		reason = "must be after from"
	case to.Sub(from) > MaxAvailabilitySpan:
		reason = fmt.Sprintf("is more than %d days after from", int(MaxAvailabilitySpan.Hours()/24))
	default:
		return nil
	}
	return &charging.Refusal{
		Code: charging.CodeInvalidWindow, Detail: "to " + reason,
		Fields: []charging.FieldError{{Field: "to", Reason: reason}},
	}
}

// DecodePreempted reads the body of POST …/trips/{trip_id}/preempted.
// MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD.
func DecodePreempted(tid charging.TripID, body []byte) (charging.Notice, error) {
	r, err := newReader(body, false)
	if err != nil {
		return charging.Notice{}, err
	}
	n := r.notice(tid)
	n.State = charging.Preempted
	n.By = id[charging.TripID](r, "by", 64, false)
	return n, r.rep.err()
}

// DecodeChanged reads the body of POST …/trips/{trip_id}/changed. Its reason is
// made legible, because drivers read it.
// MALFORMED_REQUEST, TOO_LARGE, INVALID_FIELD.
func DecodeChanged(tid charging.TripID, body []byte) (charging.Notice, error) {
	r, err := newReader(body, false)
	if err != nil {
		return charging.Notice{}, err
	}
	n := r.notice(tid)
	r.require("state")
	n.State = charging.State(r.text("state", 32))
	switch n.State {
	case "", charging.Canceled, charging.NoShow, charging.Charging, charging.Fulfilled, charging.Reserved:
	default:
		r.invalid("state", fmt.Sprintf("%q is none of CANCELED, NO_SHOW, CHARGING, FULFILLED, RESERVED", brief(string(n.State))))
	}
	n.Reason = legible.Tame(r.text("reason", MaxBody), maxReason)
	n.Session = r.session("session")
	return n, r.rep.err()
}

// session takes a session as its company has billed it.
func (r *reader) session(name string) *charging.Session {
	v, ok := r.take(name)
	if !ok {
		return nil
	}
	raw, err := json.Marshal(v)
	var s charging.Session
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err == nil {
		err = within(name+".", checkSession(s))
	}
	if err != nil {
		r.invalid(name, "is no session: "+reason(err))
		return nil
	}
	return &s
}

func (r *reader) notice(tid charging.TripID) charging.Notice {
	r.require("leg")
	return charging.Notice{
		TripID:        tid,
		ReservationID: id[charging.ReservationID](r, "reservation_id", 64, true),
		Leg:           int(r.integer("leg", 1, MaxStops, 1)),
	}
}
