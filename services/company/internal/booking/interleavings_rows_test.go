package booking_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/booking"
	"github.com/eletrovia/eletrovia/services/company/internal/desk"
)

// stranger is a trip that a test plays by hand, call by call, over the desks.
type stranger struct {
	r      *road
	id     charging.TripID
	origin charging.CompanyID
	ticket string
}

// stranger makes a trip of the n-th company with a ticket of a given time; ""
// for a trip without one.
func (r *road) stranger(n int, granted string) stranger {
	s := stranger{r: r, id: charging.TripID(uuid.Must(uuid.NewV7()).String()), origin: parties[n]}
	if granted != "" {
		var err error
		s.ticket, err = paper{}.Issue(charging.Ticket{
			TripID: s.id, Origin: s.origin, Issuer: s.origin, GrantedAt: granted, Expires: time.Now().Add(time.Minute),
		}, "k")
		if err != nil {
			r.t.Fatal(err)
		}
	}
	return s
}

// longAgo is a ticket time before every other; late is that of a young ticket.
const longAgo = "1"

var late = strconv.FormatInt(time.Now().UnixMicro(), 10)

// ask makes the request for hours [from, to) of tomorrow.
func (s stranger) ask(evse charging.EVSEID, from, to int) charging.HoldRequest {
	base := time.Now().UTC().Truncate(time.Hour).Add(24 * time.Hour)
	return charging.HoldRequest{
		Ref: charging.Ref{
			ID: charging.ReservationID(uuid.Must(uuid.NewV7()).String()), TripID: s.id, Origin: s.origin, EVSEID: evse,
			End: base.Add(time.Duration(to) * time.Hour), Epoch: 1, Owner: string(s.origin) + "-s",
		},
		Leg: 2, Start: base.Add(time.Duration(from) * time.Hour), VehicleID: "EV-0009", TTL: 30 * time.Second, Ticket: s.ticket,
	}
}

func (r *road) at(evse charging.EVSEID) *desk.Desk { return r.companies[evse.Company()].desk }

// must is a call that has to be granted.
func (r *road) must(res charging.Reservation, err error) charging.Reservation {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

func (r *road) refused(err error, want charging.Code) *charging.Refusal {
	r.t.Helper()
	var no *charging.Refusal
	if !errors.As(err, &no) || no.Code != want {
		r.t.Fatalf("%v, want %s", err, want)
	}
	return no
}

// state of a reservation, as its company has it.
func (r *road) state(ref charging.Ref) charging.State {
	r.t.Helper()
	return r.must(r.at(ref.EVSEID).Reservation(r.t.Context(), ref.ID, "")).State
}

// TestOriginatorStopsAfterOneConfirm is row 2: A waits only its bound for a
// RESERVED that nobody settles, and then does what its policy says.
func TestOriginatorStopsAfterOneConfirm(t *testing.T) {
	const bound = 600 * time.Millisecond
	for policy, want := range map[trip.Policy]trip.State{
		trip.Abort: trip.Aborted, trip.Wait: trip.Aborted, trip.Ask: trip.AwaitingDecision,
	} {
		t.Run(string(policy), func(t *testing.T) {
			r := newRoad(t, func(o *booking.Options) { o.UnsettledBudget = bound })
			confirmed := newGate()
			r.between = func(from, step string, ref charging.Ref, after bool) error {
				if from != "BBB" || step != "confirm" {
					return nil
				}
				if ref.EVSEID == e(1) {
					if after {
						r.companies["BBB"].saga.Kill()
						confirmed.open()
					}
					return nil
				}
				confirmed.await()
				return errors.New("the server is gone")
			}
			b := r.start(1, trip.Abort, stop{e(1), 1}, stop{e(2), 2})
			confirmed.await()
			r.companies["BBB"].saga.Kill()
			if s := r.state(b.Ref(0)); s != charging.Reserved {
				t.Fatalf("the scene was not played: B's first stop is %s", s)
			}
			began := time.Now()
			got := r.wait(r.start(0, policy, stop{e(0), 0}, stop{e(1), 1}))
			if took := time.Since(began); took < bound || took > bound+4*time.Second {
				t.Errorf("took %s", took)
			}
			if got.State != want || got.Problem == nil || got.Problem.Code != charging.CodeSlotTaken {
				t.Fatalf("%s %+v", got.State, got.Problem)
			}
		})
	}
}

// TestConfirmRefusedUnderWait is row 3: every stop is released before the trip
// waits.
func TestConfirmRefusedUnderWait(t *testing.T) {
	r := newRoad(t)
	a := r.stranger(3, longAgo)
	took := a.ask(e(2), 2, 3)
	var b trip.Trip
	var mu sync.Mutex
	var refused, again atomic.Bool
	firstConfirmed := newGate()
	r.between = func(_, step string, ref charging.Ref, after bool) error {
		mu.Lock()
		first := b
		mu.Unlock()
		switch {
		case step == "confirm" && ref.EVSEID == e(1) && after:
			firstConfirmed.open()
		case step == "confirm" && ref.EVSEID == e(2) && !after && !refused.Load():
			firstConfirmed.await()
			if _, err := r.at(e(2)).Claim(context.Background(), took); err != nil {
				t.Error(err)
			}
			refused.Store(true)
		case (step == "reserve" || step == "claim") && refused.Load() && !after:
			again.Store(true)
			for k := range first.Legs {
				if s := r.state(first.Ref(k)); s.Holds() {
					t.Errorf("%s at %s while the old stop is %s", step, ref.EVSEID, s)
				}
			}
		}
		return nil
	}
	mu.Lock()
	b = r.start(1, trip.Wait, stop{e(1), 1}, stop{e(2), 2})
	mu.Unlock()
	for deadline := time.Now().Add(10 * time.Second); !again.Load() && time.Now().Before(deadline); {
		<-time.After(10 * time.Millisecond)
	}
	if _, err := r.at(e(2)).Compensate(t.Context(), took.Ref); err != nil { // A gives up: B's turn
		t.Fatal(err)
	}
	got := r.wait(b)
	if got.State != trip.Confirmed || got.Saga.Restarts == 0 || !again.Load() {
		t.Fatalf("%s, %d restarts, %+v", got.State, got.Saga.Restarts, got.Problem)
	}
}

// TestAnswerToTheFirstReserveIsLost is row 5: same ticket, same fence.
func TestAnswerToTheFirstReserveIsLost(t *testing.T) {
	r := newRoad(t)
	var seen []charging.Reservation
	r.between = func(_, step string, ref charging.Ref, after bool) error {
		if step != "reserve" || ref.EVSEID != e(0) || !after {
			return nil
		}
		res, err := r.at(ref.EVSEID).Reservation(context.Background(), ref.ID, "")
		if err != nil {
			return err
		}
		if seen = append(seen, res); len(seen) == 1 {
			return errors.New("the answer is lost")
		}
		return nil
	}
	got := r.wait(r.start(1, trip.Abort, stop{e(0), 0}, stop{e(1), 1}))
	if got.State != trip.Confirmed || len(seen) != 2 {
		t.Fatalf("%s %+v, asked %d times", got.State, got.Problem, len(seen))
	}
	if seen[0].Fence != seen[1].Fence || seen[0].GrantedAt != seen[1].GrantedAt || got.Ticket.GrantedAt != seen[0].GrantedAt || got.Legs[0].Fence != seen[0].Fence {
		t.Errorf("%+v, then %+v; the trip has %+v", seen[0], seen[1], got.Ticket)
	}
}

// TestDuplicateOfARefusedClaim is row 11: the claim was refused and replaced;
// its duplicate comes when the window is free, or a younger trip's.
func TestDuplicateOfARefusedClaim(t *testing.T) {
	r := newRoad(t)
	ahead := r.stranger(3, longAgo)
	old := ahead.ask(e(1), 1, 2)
	r.must(r.at(e(1)).Claim(t.Context(), old))
	b := r.start(0, trip.Ask, stop{e(0), 0}, stop{e(1), 1})
	asks := r.wait(b)
	if asks.State != trip.AwaitingDecision || asks.Decision.Code != charging.CodePriorityLost {
		t.Fatalf("%s %+v", asks.State, asks.Decision)
	}
	l := asks.Legs[1]
	if _, err := r.companies["AAA"].saga.Decide(t.Context(), b.ID, booking.Choice{
		Take: &trip.Alternative{Leg: 2, CompanyID: "CCC", EVSEID: e(2), Start: l.Start, End: l.End},
	}); err != nil {
		t.Fatal(err)
	}
	got := r.wait(b)
	if got.State != trip.Confirmed || got.Legs[1].EVSEID != e(2) {
		t.Fatalf("%s %+v", got.State, got.Legs)
	}
	r.must(r.at(e(1)).Compensate(t.Context(), old.Ref))
	duplicate := charging.HoldRequest{
		Ref: asks.Ref(1), Leg: 2, Start: l.Start, VehicleID: b.VehicleID, TTL: 20 * time.Second, Ticket: asks.Saga.Ticket,
	}
	_, err := r.at(e(1)).Claim(t.Context(), duplicate)
	r.refused(err, charging.CodeAlreadyCompensated)
	young := r.stranger(3, "") // younger than every ticket
	theirs := young.ask(e(1), 1, 2)
	r.must(r.at(e(1)).Reserve(t.Context(), theirs))
	_, err = r.at(e(1)).Claim(t.Context(), duplicate)
	r.refused(err, charging.CodeAlreadyCompensated)
	if s := r.state(theirs.Ref); s != charging.Pending {
		t.Errorf("the younger trip's stop is %s", s)
	}
}

// TestClaimOverlapsYoungerAndReserved is row 12, at a desk: refused, and nobody
// is preempted for nothing.
func TestClaimOverlapsYoungerAndReserved(t *testing.T) {
	r := newRoad(t)
	booked, young, old := r.stranger(1, ""), r.stranger(2, late), r.stranger(3, longAgo)
	sold, pending := booked.ask(e(0), 2, 4), young.ask(e(0), 0, 2)
	r.must(r.at(e(0)).Reserve(t.Context(), sold))
	r.must(r.at(e(0)).Confirm(t.Context(), sold.Ref))
	r.must(r.at(e(0)).Reserve(t.Context(), pending))
	for _, call := range []func(context.Context, charging.HoldRequest) (charging.Reservation, error){r.at(e(0)).Claim, r.at(e(0)).Reserve} {
		_, err := call(t.Context(), old.ask(e(0), 1, 3))
		r.refused(err, charging.CodeSlotTaken)
	}
	if s := r.state(pending.Ref); s != charging.Pending {
		t.Errorf("the PENDING is %s", s)
	}
}

// TestClaimOverlapsTwoYounger is row 13: both PREEMPTED, and each originator is
// told.
func TestClaimOverlapsTwoYounger(t *testing.T) {
	notices := make(chan charging.Notice, 8)
	r := newRoadWith(t, &road{told: func(n charging.Notice) { notices <- n }})
	one, two, old := r.stranger(1, late), r.stranger(2, late), r.stranger(3, longAgo)
	first, second := one.ask(e(0), 0, 2), two.ask(e(0), 2, 4)
	r.must(r.at(e(0)).Claim(t.Context(), first))
	r.must(r.at(e(0)).Reserve(t.Context(), second))
	r.must(r.at(e(0)).Claim(t.Context(), old.ask(e(0), 1, 3)))
	told := map[charging.TripID]charging.Notice{}
	for range 2 {
		select {
		case n := <-notices:
			told[n.TripID] = n
		case <-time.After(5 * time.Second):
			t.Fatalf("only %v", told)
		}
	}
	for s, h := range map[stranger]charging.HoldRequest{one: first, two: second} {
		if got := r.state(h.Ref); got != charging.Preempted {
			t.Errorf("%s", got)
		}
		if n := told[s.id]; n.ReservationID != h.ID || n.By != old.id || n.State != charging.Preempted {
			t.Errorf("told %+v", n)
		}
	}
}

// TestReserveOrConfirmAfterTheEnd is row 14: a stop that is EXPIRED or PREEMPTED
// stays so, even when the window is free again.
func TestReserveOrConfirmAfterTheEnd(t *testing.T) {
	r := newRoad(t)
	d := r.at(e(0))
	young, old := r.stranger(1, late), r.stranger(2, longAgo)
	lapses, lost, took := young.ask(e(0), 0, 1), young.ask(e(0), 2, 3), old.ask(e(0), 2, 3)
	lapses.TTL = time.Second // the shortest there is
	r.must(d.Reserve(t.Context(), lapses))
	r.must(d.Reserve(t.Context(), lost))
	r.must(d.Claim(t.Context(), took))
	r.must(d.Compensate(t.Context(), took.Ref))
	for deadline := time.Now().Add(5 * time.Second); ; <-time.After(20 * time.Millisecond) {
		locks, err := d.Locks(t.Context())
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%v: %+v", err, locks)
		}
		if len(locks) == 0 {
			break
		}
	}
	for h, want := range map[*charging.HoldRequest]charging.Code{&lapses: charging.CodeHoldExpired, &lost: charging.CodeHoldPreempted} {
		for range 2 {
			_, err := d.Confirm(t.Context(), h.Ref)
			r.refused(err, want)
			_, err = d.Reserve(t.Context(), *h)
			r.refused(err, want)
			_, err = d.Renew(t.Context(), h.Ref, time.Minute)
			r.refused(err, want)
		}
	}
	if n := r.locks(); n != 0 {
		t.Errorf("%d locks", n)
	}
}

// skewed stamps tickets by a clock that is ahead.
type skewed struct {
	desk.Calendar
	ahead time.Duration
}

func (s skewed) Hold(ctx context.Context, h charging.Hold) (charging.Grant, error) {
	if h.Stamp {
		h.StampFloor = max(h.StampFloor, time.Now().Add(s.ahead).UnixMicro())
	}
	return s.Calendar.Hold(ctx, h)
}

// TestRingWithSkewedIssuers is row 15 with the issuers' clocks 5 min apart to
// either side, and the skew check off: less fair, but nobody stuck, nothing sold
// twice.
func TestRingWithSkewedIssuers(t *testing.T) {
	ahead := map[charging.CompanyID]time.Duration{"AAA": 5 * time.Minute, "BBB": 0, "CCC": 10 * time.Minute}
	playRing(t, newRoadWith(t, &road{tuneDesk: func(o *desk.Options) {
		o.Calendar, o.MaxTicketSkew = skewed{o.Calendar, ahead[o.Company]}, time.Hour
	}}))
}

// TestWithdrawnWhileConfirming is row 17, first half: a refusal, met like any
// other.
func TestWithdrawnWhileConfirming(t *testing.T) {
	for policy, want := range map[trip.Policy]trip.State{trip.Abort: trip.Aborted, trip.Ask: trip.AwaitingDecision} {
		t.Run(string(policy), func(t *testing.T) {
			r := newRoad(t)
			var once sync.Once
			r.between = func(_, step string, ref charging.Ref, after bool) error {
				if step == "confirm" && ref.EVSEID == e(1) && !after {
					once.Do(func() {
						if _, err := r.at(e(1)).Withdraw(context.Background(), e(1), "BROKEN_CHARGER"); err != nil {
							t.Error(err)
						}
					})
				}
				return nil
			}
			got := r.wait(r.start(0, policy, stop{e(0), 0}, stop{e(1), 1}, stop{e(2), 2}))
			if got.State != want || want == trip.AwaitingDecision && got.Decision.Code != charging.CodeEVSEOutOfService {
				t.Fatalf("%s %+v %+v", got.State, got.Problem, got.Decision)
			}
			if want == trip.AwaitingDecision {
				if _, err := r.companies["AAA"].saga.Decide(t.Context(), got.ID, booking.Choice{GiveUp: true}); err != nil {
					t.Fatal(err)
				}
				got = r.wait(got)
			}
			r.nothingOf(got)
		})
	}
}

// nothingOf asserts that no stop of a trip is held anywhere.
func (r *road) nothingOf(got trip.Trip) {
	r.t.Helper()
	for k := range got.Legs {
		res, err := r.at(got.Legs[k].EVSEID).Reservation(r.t.Context(), got.Legs[k].ReservationID, "")
		if err == nil && res.State.Holds() {
			r.t.Errorf("trip is %s, stop %d is %s", got.State, k+1, res.State)
		}
	}
	if n := r.locks(); n != 0 {
		r.t.Errorf("%d locks left", n)
	}
}

// TestWithdrawnWhenConfirmed is row 17, second half: only that leg is affected.
func TestWithdrawnWhenConfirmed(t *testing.T) {
	r := newRoad(t)
	was := r.wait(r.start(0, trip.Ask, stop{e(0), 0}, stop{e(1), 1}, stop{e(2), 2}))
	if was.State != trip.Confirmed {
		t.Fatalf("%s %+v", was.State, was.Problem)
	}
	if _, err := r.at(e(1)).Withdraw(t.Context(), e(1), "POWER_OUTAGE"); err != nil {
		t.Fatal(err)
	}
	var got trip.Trip
	for deadline := time.Now().Add(10 * time.Second); got.Decision == nil; <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nobody was told: %s", fmt.Sprint(got.Legs))
		}
		got, _ = r.companies["AAA"].store.Load(t.Context(), was.ID)
	}
	if got.State != trip.Confirmed || got.Decision.Leg != 2 || got.Legs[1].State != charging.Canceled || got.Legs[1].Problem == nil {
		t.Errorf("%s %+v %+v", got.State, got.Decision, got.Legs[1])
	}
	for _, k := range []int{0, 2} {
		if s := r.state(got.Ref(k)); s != charging.Reserved || got.Legs[k].ReservationID != was.Legs[k].ReservationID {
			t.Errorf("stop %d is %s", k+1, s)
		}
	}
}

// TestAnothersReservation is row 18.
func TestAnothersReservation(t *testing.T) {
	r := newRoad(t)
	mine := r.stranger(1, late).ask(e(0), 0, 1)
	r.must(r.at(e(0)).Reserve(t.Context(), mine))
	theirs := mine.Ref
	theirs.Origin = "CCC"
	for name, call := range map[string]func(context.Context, charging.Ref) (charging.Reservation, error){
		"compensate": r.at(e(0)).Compensate, "confirm": r.at(e(0)).Confirm,
		"renew": func(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
			return r.at(e(0)).Renew(ctx, ref, time.Minute)
		},
		"read": func(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
			return r.at(e(0)).Reservation(ctx, ref.ID, ref.Origin)
		},
	} {
		_, err := call(t.Context(), theirs)
		if charging.CodeOf(err) != charging.CodeForbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := r.state(mine.Ref); s != charging.Pending {
		t.Errorf("it is %s", s)
	}
}
