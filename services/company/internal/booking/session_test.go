package booking

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// leg of the trip as the journal has it.
func (s *stage) leg(n int) trip.Leg {
	s.t.Helper()
	t, err := s.m.Load(s.t.Context(), testTrip)
	if err != nil {
		s.t.Fatal(err)
	}
	return t.Legs[n-1]
}

// plugged books a trip whose car has plugged in at a stop with a fifth of its
// charge.
func (s *stage) plugged(leg int) trip.Trip {
	s.t.Helper()
	got := s.book(trip.Ask)
	s.must(got, trip.Confirmed)
	got, err := s.c.Plug(s.t.Context(), testTrip, visit(got, leg, 0.2))
	if err != nil || got.Legs[leg-1].State != charging.Charging {
		s.t.Fatalf("%s, %v", got.Legs[leg-1].State, err)
	}
	return got
}

// kWh is a meter's figure.
func kWh(v float64) *float64 { return &v }

// The stop is journaled before its company is asked, and CHARGING before the car
// is answered; the bill, too. Repeats ask nobody.
func TestASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		asked := 0
		s.w.fault = func(step string, _ int, _ charging.Ref, _ int, after bool) error {
			if step != "start" || after {
				return nil
			}
			asked++
			rec, _ := s.m.Load(t.Context(), testTrip)
			if p := rec.Saga.Plugging; p == nil || p.Leg != 2 || p.ReservationID != rec.Legs[1].ReservationID {
				t.Errorf("asked for before it was journaled: %+v", p)
			}
			return nil
		}
		got := s.plugged(2)
		rec, _ := s.m.Load(t.Context(), testTrip)
		if l := rec.Legs[1]; l.State != charging.Charging || l.Session == nil || l.Session.StartSoC != 0.2 || rec.Saga.Plugging != nil {
			t.Errorf("answered before it was journaled: %+v, %+v", l, rec.Saga.Plugging)
		}
		if _, err := s.c.Plug(t.Context(), testTrip, visit(got, 2, 0.3)); err != nil || asked != 1 || s.leg(2).Session.StartSoC != 0.2 {
			t.Errorf("a repeat: %v, asked %d times", err, asked)
		}
		v := visit(got, 2, 0.7)
		v.UsableKWh = 40
		for n := range 3 {
			got, err := s.c.Unplug(t.Context(), testTrip, v)
			if l := s.leg(2); err != nil || l.State != charging.Fulfilled || l.Session.EnergyKWh != 20 || l.Session.EndSoC != 0.7 || l.Session.StartSoC != 0.2 || got.Legs[1].Session.Price == nil {
				t.Fatalf("unplug %d: %v, %+v", n, err, l.Session)
			}
		}
		if n := s.w.count["complete/"+string(evses[1])]; n != 1 {
			t.Errorf("billed %d times", n)
		}
	})
}

func TestTaken(t *testing.T) {
	l := trip.Leg{EnergyKWh: 11, Session: &charging.Session{StartSoC: 0.2}}
	for name, tt := range map[string]struct {
		leg  trip.Leg
		u    trip.Unplug
		want float64
	}{
		"by the meter":           {l, trip.Unplug{Plug: charging.Plug{SoC: 0.8, EnergyKWh: kWh(17.5)}, UsableKWh: 40}, 17.5},
		"by the battery":         {l, trip.Unplug{Plug: charging.Plug{SoC: 0.8}, UsableKWh: 40}, 24},
		"a battery that lost":    {l, trip.Unplug{Plug: charging.Plug{SoC: 0.1}, UsableKWh: 40}, 0},
		"as planned, no battery": {l, trip.Unplug{Plug: charging.Plug{SoC: 0.8}}, 11},
		"as planned, no start":   {trip.Leg{EnergyKWh: 11}, trip.Unplug{Plug: charging.Plug{SoC: 0.8}, UsableKWh: 40}, 11},
	} {
		if got := taken(tt.leg, tt.u); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// One vehicle, one session: the trip keeps the order by itself.
func TestACarChargesAtOneStopAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		got := s.plugged(1)
		if _, err := s.c.Plug(t.Context(), testTrip, visit(got, 2, 0.2)); charging.CodeOf(err) != charging.CodeVehicleBusy {
			t.Errorf("%v", err)
		}
		if _, err := s.c.Unplug(t.Context(), testTrip, visit(got, 1, 0.8)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.c.Plug(t.Context(), testTrip, visit(got, 1, 0.8)); charging.CodeOf(err) != charging.CodeSessionEnded {
			t.Errorf("again at a stop that is over: %v", err)
		}
		if _, err := s.c.Plug(t.Context(), testTrip, visit(got, 2, 0.2)); err != nil || s.w.twice != 0 {
			t.Errorf("%v, two sessions: %d", err, s.w.twice)
		}
	})
}

// An unplug that overtakes its plug: kept where it says when it was, refused with
// the words of an unplug where it does not.
func TestUnplugBeforeItsPlug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		got := s.book(trip.Ask)
		v := visit(got, 2, 0.7)
		if _, err := s.c.Unplug(t.Context(), testTrip, v); charging.CodeOf(err) != charging.CodeTooEarly || s.leg(2).State != charging.Reserved {
			t.Fatalf("%v", err)
		}
		v.Plug.At, v.Plug.EnergyKWh = windowOf(1).Start.Add(40*time.Minute), kWh(17)
		for range 2 {
			got, err := s.c.Unplug(t.Context(), testTrip, v)
			if err != nil || got.Legs[1].State != charging.Reserved || len(got.Saga.Unplugs) != 1 {
				t.Fatalf("%v, %s, kept %+v", err, got.Legs[1].State, got.Saga.Unplugs)
			}
		}
		p := visit(got, 2, 0.2)
		p.Plug.At = windowOf(1).Start.Add(5 * time.Minute)
		got, err := s.c.Plug(t.Context(), testTrip, p)
		if l := s.leg(2); err != nil || l.State != charging.Fulfilled || l.Session.EnergyKWh != 17 || !l.Session.StartedAt.Equal(p.Plug.At) || l.Session.EndSoC != 0.7 || len(got.Saga.Unplugs) != 0 {
			t.Fatalf("%v, %s %+v", err, l.State, l.Session)
		}
		if _, err := s.c.Plug(t.Context(), testTrip, p); err != nil {
			t.Errorf("the plug repeated: %v", err)
		}
	})
}

// An unplug from before the plug belongs to another session.
func TestAnOldUnplugEndsNoNewSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		got := s.book(trip.Ask)
		v := visit(got, 2, 0.7)
		v.Plug.At = windowOf(1).Start
		if _, err := s.c.Unplug(t.Context(), testTrip, v); err != nil {
			t.Fatal(err)
		}
		p := visit(got, 2, 0.2)
		p.Plug.At = windowOf(1).Start.Add(time.Minute)
		if got, err := s.c.Plug(t.Context(), testTrip, p); err != nil || got.Legs[1].State != charging.Charging || len(got.Saga.Unplugs) != 0 {
			t.Errorf("%v, %s, kept %+v", err, got.Legs[1].State, got.Saga.Unplugs)
		}
	})
}

// Nothing but the end of its session leads away from a stop that is CHARGING, and
// nothing from one that is FULFILLED; the coming stops can be changed.
func TestASessionIsNotTouched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		got := s.plugged(1)
		elsewhere := got.Legs[0]
		elsewhere.EVSEID = "BR*MAR*E0007*1"
		later := got.Legs[0]
		later.Start, later.End = later.Start.Add(10*time.Minute), later.End.Add(10*time.Minute)
		all := func(want charging.Code) {
			t.Helper()
			for name, l := range map[string]trip.Leg{"elsewhere": elsewhere, "later": later} {
				if _, err := s.c.Shift(t.Context(), testTrip, []trip.Leg{l}); charging.CodeOf(err) != want {
					t.Errorf("%s: %v, want %s", name, err, want)
				}
			}
			for _, state := range []charging.State{charging.Canceled, charging.NoShow, charging.Reserved, charging.Preempted} {
				n := charging.Notice{TripID: testTrip, ReservationID: got.Legs[0].ReservationID, Leg: 1, State: state, Reason: "BROKEN_CHARGER"}
				if err := s.c.Notice(t.Context(), n); err != nil {
					t.Error(err)
				}
			}
			if now, _ := s.m.Load(t.Context(), testTrip); len(now.Decisions) > 0 || now.Legs[0].EVSEID != evses[0] {
				t.Errorf("it asks %+v, the stop is %s", now.Decisions, now.Legs[0].EVSEID)
			}
		}
		all(charging.CodeSessionOpen)
		if l := s.leg(1); l.State != charging.Charging || s.w.is(l.ReservationID).State != charging.Charging {
			t.Fatalf("it is %s", l.State)
		}
		if _, err := s.c.Shift(t.Context(), testTrip, delayed(20)); err != nil {
			t.Errorf("the coming stops: %v", err)
		}
		if _, err := s.c.Unplug(t.Context(), testTrip, visit(got, 1, 0.8)); err != nil {
			t.Fatal(err)
		}
		all(charging.CodeSessionEnded)
		if l := s.leg(1); l.State != charging.Fulfilled || l.Session.Price == nil {
			t.Errorf("it is %s %+v", l.State, l.Session)
		}
	})
}

// An EVSE that breaks while a car charges: the estimated bill is replaced by the
// car's figure, once, by the company's word or by the car's.
func TestAnEstimatedBillIsReplacedOnce(t *testing.T) {
	for _, by := range []string{"the car", "the company", "the car, after the trip"} {
		t.Run(by, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				got := s.plugged(2)
				id := got.Legs[1].ReservationID
				tell := func(kWh float64, estimated bool) {
					s.w.set(func() { s.w.bill(s.w.rsv[id], kWh, estimated) })
					n := charging.Notice{TripID: testTrip, ReservationID: id, Leg: 2, State: charging.Fulfilled, Session: s.w.is(id).Session}
					if err := s.c.Notice(t.Context(), n); err != nil {
						t.Fatal(err)
					}
				}
				tell(9, true)
				if l := s.leg(2); l.State != charging.Fulfilled || !l.Session.Estimated || l.Session.EnergyKWh != 9 || l.Session.StartSoC != 0.2 {
					t.Fatalf("%s %+v", l.State, l.Session)
				}
				if by == "the car, after the trip" {
					s.settleOrDie()
					s.m.mu.Lock()
					rec, _ := s.m.load(testTrip)
					rec.State = trip.Completed
					s.m.put(rec, 0, time.Time{}, nil)
					s.m.mu.Unlock()
				}
				if by == "the company" {
					tell(7, false)
					tell(5, false)
				} else {
					v := visit(got, 2, 0.5)
					v.Plug.EnergyKWh = kWh(7)
					for range 2 {
						if _, err := s.c.Unplug(t.Context(), testTrip, v); err != nil {
							t.Fatal(err)
						}
						v.Plug.EnergyKWh = kWh(5)
					}
				}
				tell(9, true)
				if l := s.leg(2); l.Session.Estimated || l.Session.EnergyKWh != 7 {
					t.Errorf("%+v", l.Session)
				}
			})
		})
	}
}

// What a company says of a session whose plug's answer was lost is adopted.
func TestASessionIsAdopted(t *testing.T) {
	for name, n := range map[string]charging.Notice{
		"CHARGING": {State: charging.Charging}, "as version 0 says it": {State: charging.Reserved},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				got := s.book(trip.Ask)
				n.TripID, n.ReservationID, n.Leg = testTrip, got.Legs[1].ReservationID, 2
				n.Session = &charging.Session{StartedAt: windowOf(1).Start}
				if err := s.c.Notice(t.Context(), n); err != nil || s.leg(2).State != charging.Charging {
					t.Errorf("%v, %s", err, s.leg(2).State)
				}
			})
		})
	}
}

// A move that is answered CHARGING: the plug's answer was lost, and its mark, too.
func TestAMoveTellsOfASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		got := s.book(trip.Ask)
		if _, err := (party{s.w}).Start(t.Context(), got.Ref(1), charging.Arrival{}); err != nil {
			t.Fatal(err)
		}
		longer := got.Legs[1]
		longer.End = longer.End.Add(20 * time.Minute)
		if _, err := s.c.Shift(t.Context(), testTrip, []trip.Leg{longer}); err != nil || s.leg(2).State != charging.Charging {
			t.Errorf("%v, %s", err, s.leg(2).State)
		}
	})
}

// The car before has not left: the driver knows before he drives there, and again
// when it has.
func TestAnOccupiedPlugIsProposedAround(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		got := s.book(trip.Ask)
		n := charging.Notice{TripID: testTrip, ReservationID: got.Legs[1].ReservationID, Leg: 2, State: charging.Reserved, Reason: "EVSE_OCCUPIED"}
		tell := func(reason string) trip.Trip {
			t.Helper()
			n.Reason = reason
			if err := s.c.Notice(t.Context(), n); err != nil {
				t.Fatal(err)
			}
			rec, _ := s.m.Load(t.Context(), testTrip)
			if rec.State != trip.Confirmed || rec.Legs[1].State != charging.Reserved {
				t.Fatalf("%s, %s", rec.State, rec.Legs[1].State)
			}
			return rec
		}
		rec := tell("EVSE_OCCUPIED")
		if p := rec.Proposal; p == nil || p.Leg != 2 || p.Code != charging.CodeEVSEOccupied || len(p.Alternatives) == 0 || rec.Legs[1].Problem == nil {
			t.Fatalf("%+v, %+v", p, rec.Legs[1].Problem)
		}
		if rec = tell("EVSE_FREE"); rec.Proposal != nil || rec.Legs[1].Problem != nil {
			t.Errorf("%+v, %+v", rec.Proposal, rec.Legs[1].Problem)
		}
		other := &trip.Decision{Leg: 1, Code: charging.CodeEVSEOccupied, Alternatives: []trip.Alternative{}}
		if _, err := s.c.Propose(t.Context(), testTrip, other); err != nil {
			t.Fatal(err)
		}
		if rec = tell("EVSE_OCCUPIED"); rec.Proposal.Leg != 1 || rec.Legs[1].Problem == nil {
			t.Errorf("another stop's proposal is gone: %+v", rec.Proposal)
		}
		if rec = tell("EVSE_FREE"); rec.Proposal == nil {
			t.Error("another stop's proposal went with the occupied plug")
		}
	})
}

// A late duplicate of a plug has made an abandoned stop CHARGING, and no car was
// told: it is completed with nothing taken, and then released.
func TestAnAbandonedStopThatIsChargingIsCompleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		got := s.book(trip.Ask)
		id := got.Legs[1].ReservationID
		if _, err := (party{s.w}).Start(t.Context(), got.Ref(1), charging.Arrival{}); err != nil {
			t.Fatal(err)
		}
		l := got.Legs[1]
		l.EVSEID = "BR*SER*E0007*1"
		if _, err := s.c.Shift(t.Context(), testTrip, []trip.Leg{l}); err != nil {
			t.Fatal(err)
		}
		s.settleOrDie()
		rec, _ := s.m.Load(t.Context(), testTrip)
		if r := s.w.is(id); r.State != charging.Fulfilled || r.Session.EnergyKWh != 0 || len(rec.Saga.Abandoned) != 0 {
			t.Errorf("%s %+v, left %+v", r.State, r.Session, rec.Saga.Abandoned)
		}
	})
}

// busy keeps a server at work on the booked trip, with a shift of its last stop,
// until the result is closed.
func (p *pair) busy(c *Coordinator) chan struct{} {
	p.t.Helper()
	hold, at := make(chan struct{}), make(chan struct{}, 8)
	p.w.set(func() {
		p.w.fault = func(step string, _ int, _ charging.Ref, _ int, after bool) error {
			if step == "move" && !after {
				at <- struct{}{}
				<-hold
			}
			return nil
		}
	})
	go func() { _, _ = c.Shift(p.t.Context(), testTrip, delayed(20)[1:]) }()
	<-at
	return hold
}

// The car's words reach a trip that another server works on.
func TestACarAtAnotherServersBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		got := p.book(trip.Ask)
		busy := p.busy(p.c)
		done := make(chan error, 1)
		go func() {
			got, err := p.two.Plug(t.Context(), testTrip, visit(got, 1, 0.2))
			if err == nil && got.Legs[0].State != charging.Charging {
				t.Errorf("answered %s", got.Legs[0].State)
			}
			done <- err
		}()
		time.Sleep(50 * time.Millisecond)
		close(busy)
		if err := <-done; err != nil || p.inbox.forwarded == 0 {
			t.Errorf("%v, %d forwarded commands", err, p.inbox.forwarded)
		}
	})
}

// A plug whose answer is lost, at a company that then cannot be read: the stop is
// nobody's to change until it is known, and it becomes known by itself.
func TestAPlugInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		got := s.book(trip.Ask)
		s.w.fault = func(step string, _ int, _ charging.Ref, _ int, after bool) error {
			if step == "start" && after || step == "read" {
				return errNetwork
			}
			return nil
		}
		if _, err := s.c.Plug(t.Context(), testTrip, visit(got, 2, 0.2)); charging.CodeOf(err) != charging.CodePeerUnavailable {
			t.Fatalf("%v", err)
		}
		other := got.Legs[1]
		other.EVSEID = "BR*SER*E0007*1"
		if _, err := s.c.Shift(t.Context(), testTrip, []trip.Leg{other}); charging.CodeOf(err) != charging.CodePeerUnavailable {
			t.Errorf("changed while in doubt: %v", err)
		}
		if _, err := s.c.Plug(t.Context(), testTrip, visit(got, 3, 0.2)); charging.CodeOf(err) != charging.CodePeerUnavailable {
			t.Errorf("plugged in elsewhere while in doubt: %v", err)
		}
		if rec, err := s.c.Cancel(t.Context(), testTrip); err != nil || len(rec.Kept) != 1 || rec.Kept[0] != (trip.Kept{Leg: 2, Code: charging.CodeSessionOpen}) {
			t.Errorf("canceled while in doubt: kept %+v, %v", rec.Kept, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.c.Run(ctx)
		s.w.set(func() { s.w.fault = nil })
		time.Sleep(time.Minute)
		if l := s.leg(2); l.State != charging.Charging || l.Session.StartSoC != 0.2 || s.record().Saga.Plugging != nil {
			t.Errorf("%s %+v", l.State, l.Session)
		}
		cancel()
		synctest.Wait()
	})
}

// A plug that its company never heard of leaves nothing behind.
func TestAPlugThatNeverArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		got := s.book(trip.Ask)
		s.w.fault = func(step string, _ int, _ charging.Ref, _ int, after bool) error {
			if step == "start" && !after {
				return errNetwork
			}
			return nil
		}
		if _, err := s.c.Plug(t.Context(), testTrip, visit(got, 2, 0.2)); charging.CodeOf(err) != charging.CodePeerUnavailable {
			t.Fatalf("%v", err)
		}
		other := got.Legs[1]
		other.EVSEID = "BR*SER*E0007*1"
		if _, err := s.c.Shift(t.Context(), testTrip, []trip.Leg{other}); err != nil || s.record().Saga.Plugging != nil {
			t.Errorf("%v", err)
		}
	})
}
