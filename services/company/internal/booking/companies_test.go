package booking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// world is a few companies in the process, with one calendar each EVSE, and a
// script of what goes wrong between them and the saga.
type world struct {
	mu    sync.Mutex
	rsv   map[charging.ReservationID]*stop
	fence int64
	stamp int64
	calls []string
	// fault is asked before and after each call is executed; an error before
	// means that it never arrived, after that its answer was lost.
	fault func(step string, leg int, ref charging.Ref, n int, after bool) error
	count map[string]int
	// moves are the numbers of the last move of each stop.
	moves map[charging.ReservationID]int64
	// twice counts cars that plugged in while they, or another, did so already.
	twice int
	// outbox is what companies tell until it is heard; see stage.deliver.
	outbox []charging.Notice
	// broken EVSEs take nobody.
	broken map[charging.EVSEID]bool
	// left are EVSEs that are offered no more: what is booked there is kept until
	// it is over, and then they are forgotten.
	left map[charging.EVSEID]bool
	// older companies are of an edition that does not know a claim's wish to reserve.
	older map[charging.CompanyID]bool
}

type stop struct {
	charging.Reservation
	lapses time.Time
	first  time.Time
}

var errNetwork = errors.New("connection reset")

func newWorld() *world {
	return &world{rsv: map[charging.ReservationID]*stop{}, count: map[string]int{}, broken: map[charging.EVSEID]bool{}, left: map[charging.EVSEID]bool{}, moves: map[charging.ReservationID]int64{}, stamp: 1_700_000_000_000_000}
}

// beforeReservingClaims makes all companies ones of an edition before.
func (w *world) beforeReservingClaims() {
	w.older = map[charging.CompanyID]bool{"MAR": true, "SER": true, "CAJ": true}
}

func (w *world) Company(id charging.CompanyID) (charging.Company, error) { return party{w}, nil }

// live reports whether a stop occupies its window; one that has lapsed expires.
func (s *stop) live() bool {
	if (s.State == charging.Claimed || s.State == charging.Pending) && time.Now().After(s.lapses) {
		s.State = charging.Expired
	}
	return s.State.Holds()
}

// held lists what still occupies a window, for the assertions.
func (w *world) held(t charging.TripID) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, s := range w.rsv {
		if s.live() && s.TripID == t {
			out = append(out, fmt.Sprintf("%s %s", s.EVSEID, s.State))
		}
	}
	return out
}

// block books a window for a stranger, as RESERVED or as an older hold.
func (w *world) block(evse charging.EVSEID, win charging.Window, state charging.State, granted string, settled bool) *stop {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := newReservationID()
	s := &stop{Reservation: charging.Reservation{
		ID: id, TripID: "00000000-0000-7000-8000-000000000001", Origin: "SER", EVSEID: evse, Window: win, State: state,
		GrantedAt: granted, Settled: settled,
	}, lapses: time.Now().Add(time.Hour)}
	w.rsv[id] = s
	return s
}

// set changes a stop under the lock.
func (w *world) set(f func()) { w.mu.Lock(); defer w.mu.Unlock(); f() }

// forgotten reports whether an EVSE has left with nothing booked and nothing left to
// tell. It needs w.mu.
func (w *world) forgotten(evse charging.EVSEID) bool {
	if !w.left[evse] {
		return false
	}
	for _, s := range w.rsv {
		if s.EVSEID == evse && s.live() {
			return false
		}
	}
	return !slices.ContainsFunc(w.outbox, func(n charging.Notice) bool {
		s := w.rsv[n.ReservationID]
		return s != nil && s.EVSEID == evse
	})
}

type party struct{ w *world }

var _ charging.Company = party{}

func (p party) do(ctx context.Context, step string, leg int, ref charging.Ref, f func() (charging.Reservation, error)) (charging.Reservation, error) {
	p.w.mu.Lock()
	key := step + "/" + string(ref.EVSEID)
	p.w.count[key]++
	n, fault := p.w.count[key], p.w.fault
	p.w.calls = append(p.w.calls, fmt.Sprintf("%s %s", step, ref.EVSEID))
	p.w.mu.Unlock()
	if fault != nil {
		if err := fault(step, leg, ref, n, false); err != nil {
			return charging.Reservation{}, err
		}
	}
	p.w.mu.Lock()
	res, err := f()
	p.w.mu.Unlock()
	if fault != nil {
		if lost := fault(step, leg, ref, n, true); lost != nil {
			return charging.Reservation{}, lost
		}
	}
	return res, err
}

func (p party) Reserve(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return p.do(ctx, "reserve", h.Leg, h.Ref, func() (charging.Reservation, error) { return p.w.hold(h, charging.Pending) })
}

func (p party) Claim(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return p.do(ctx, "claim", h.Leg, h.Ref, func() (charging.Reservation, error) {
		if p.w.older[h.EVSEID.Company()] {
			return p.w.hold(h, charging.Claimed)
		}
		return p.w.hold(h, h.ClaimedAs())
	})
}

// granted reads the stamp out of the test's ticket.
func granted(ticket string) string { _, g, _ := strings.Cut(ticket, "|"); return g }

func (w *world) hold(h charging.HoldRequest, want charging.State) (charging.Reservation, error) {
	if s, ok := w.rsv[h.ID]; ok && !w.forgotten(h.EVSEID) {
		s.live()
		switch s.State {
		case charging.Canceled:
			return s.Reservation, charging.Refuse(charging.CodeAlreadyCompensated, "")
		case charging.Expired:
			return s.Reservation, charging.Refuse(charging.CodeHoldExpired, "")
		case charging.Preempted:
			return s.Reservation, charging.Refuse(charging.CodeHoldPreempted, "")
		case charging.Claimed:
			s.State = want
		}
		return s.Reservation, nil
	}
	if w.left[h.EVSEID] {
		return charging.Reservation{}, charging.Refuse(charging.CodeUnknownEVSE, "offered no more")
	}
	if w.broken[h.EVSEID] {
		return charging.Reservation{}, charging.Refuse(charging.CodeEVSEOutOfService, "")
	}
	mine := granted(h.Ticket)
	var victims []*stop
	for _, s := range w.rsv {
		if s.EVSEID != h.EVSEID || !s.live() || !s.Window.Overlaps(h.Window()) {
			continue
		}
		c := &charging.Conflict{EVSEID: s.EVSEID, State: s.State, Settled: s.Settled, Own: s.TripID == h.TripID}
		switch {
		case s.State.Booked() || c.Own:
			return charging.Reservation{}, &charging.Refusal{Code: charging.CodeSlotTaken, Conflict: c}
		case charging.Older(mine, h.TripID, s.GrantedAt, s.TripID):
			victims = append(victims, s)
		default:
			return charging.Reservation{}, &charging.Refusal{Code: charging.CodePriorityLost, Conflict: c}
		}
	}
	for _, v := range victims {
		v.State = charging.Preempted
	}
	w.fence++
	s := &stop{Reservation: charging.Reservation{
		ID: h.ID, TripID: h.TripID, Origin: h.Origin, Leg: h.Leg, EVSEID: h.EVSEID, Window: h.Window(), VehicleID: h.VehicleID,
		State: want, Fence: w.fence, Epoch: h.Epoch, TTL: h.TTL, GrantedAt: mine,
	}, lapses: time.Now().Add(h.TTL), first: time.Now()}
	if h.Leg == 1 && h.Ticket == "" {
		w.stamp++
		s.GrantedAt = fmt.Sprint(w.stamp)
		s.Ticket = testTicket(s.GrantedAt)
	}
	w.rsv[h.ID] = s
	return s.Reservation, nil
}

func (p party) find(ref charging.Ref) (*stop, error) {
	s, ok := p.w.rsv[ref.ID]
	if !ok || p.w.forgotten(s.EVSEID) {
		return nil, charging.Refuse(charging.CodeUnknownReservation, "")
	}
	s.live()
	return s, nil
}

func (p party) Renew(ctx context.Context, ref charging.Ref, ttl time.Duration) (charging.Reservation, error) {
	return p.do(ctx, "renew", 0, ref, func() (charging.Reservation, error) {
		s, err := p.find(ref)
		if err != nil {
			return charging.Reservation{}, err
		}
		if !s.State.Holds() {
			return s.Reservation, charging.Refuse(charging.CodeHoldExpired, "")
		}
		s.lapses = time.Now().Add(ttl)
		if end := s.first.Add(charging.MaxHold); s.lapses.After(end) {
			s.lapses = end
		}
		s.TTL = time.Until(s.lapses)
		return s.Reservation, nil
	})
}

func (p party) Confirm(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	return p.do(ctx, "confirm", 0, ref, func() (charging.Reservation, error) {
		s, err := p.find(ref)
		if err != nil {
			return charging.Reservation{}, err
		}
		switch s.State {
		case charging.Pending:
			s.State, s.TTL = charging.Reserved, 0
			return s.Reservation, nil
		case charging.Reserved, charging.Charging, charging.Fulfilled:
			return s.Reservation, nil
		case charging.Canceled:
			return s.Reservation, charging.Refuse(charging.CodeAlreadyCompensated, "")
		case charging.Preempted:
			return s.Reservation, charging.Refuse(charging.CodeHoldPreempted, "")
		}
		return s.Reservation, charging.Refuse(charging.CodeHoldExpired, "")
	})
}

func (p party) Compensate(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	return p.do(ctx, "compensate", 0, ref, func() (charging.Reservation, error) {
		if p.w.forgotten(ref.EVSEID) { // it holds nothing: releasing it succeeds, without a record
			return charging.Reservation{ID: ref.ID, TripID: ref.TripID, EVSEID: ref.EVSEID, State: charging.Canceled}, nil
		}
		s, ok := p.w.rsv[ref.ID]
		if !ok {
			s = &stop{Reservation: charging.Reservation{ID: ref.ID, TripID: ref.TripID, EVSEID: ref.EVSEID}}
			p.w.rsv[ref.ID] = s
		}
		if !s.State.Final() && s.State != charging.Charging {
			s.State, s.TTL = charging.Canceled, 0
		}
		return s.Reservation, nil
	})
}
