package desk

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// preempt makes trip 2 take the window of trip 1.
func preempt(t *testing.T, w *world) charging.HoldRequest {
	t.Helper()
	loser, winner := w.request(1), w.request(2)
	winner.Ticket = paperTicket(t, winner.TripID, time.Now(), time.Now().Add(time.Minute))
	if _, err := w.Reserve(t.Context(), loser); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Claim(t.Context(), winner); err != nil {
		t.Fatal(err)
	}
	return loser
}

func TestPreemptionIsToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.run(t)
		began := time.Now()
		loser := preempt(t, w)
		synctest.Wait()
		heard := w.them.heard()
		if len(heard) != 1 || time.Since(began) != 0 {
			t.Fatalf("heard %+v after %s", heard, time.Since(began))
		}
		want := charging.Notice{
			TripID: loser.TripID, ReservationID: loser.ID, Leg: 2, State: charging.Preempted, By: w.request(2).TripID,
		}
		if heard[0] != want {
			t.Errorf("notice %+v, want %+v", heard[0], want)
		}
	})
}

func TestPreemptionIsTriedAFewTimes(t *testing.T) {
	for fails, told := range map[int]int{0: 1, 2: 1, 3: 0} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			w.them.fail = fails
			w.run(t)
			preempt(t, w)
			time.Sleep(time.Minute)
			synctest.Wait()
			if got := len(w.them.heard()); got != told {
				t.Errorf("after %d failures %d notices arrived, want %d", fails, got, told)
			}
		})
	}
}

// Nobody takes notices away here: a full queue must not hold up a grant.
func TestAFullQueueDoesNotBlockTheGrant(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.NoticeQueue = 1 })
	for i := range 5 {
		w.notices.tell(charging.OutboundNotice{Origin: "SER", Notice: charging.Notice{Leg: i}})
	}
	preempt(t, w)
	if len(w.notices.preempted) != 1 || w.logged() == "" {
		t.Errorf("%d waiting, log %q", len(w.notices.preempted), w.logged())
	}
}

func TestWithdrawnIsToldUntilAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.run(t)
		h := w.request(1)
		w.reserved(t, h)
		w.them.mu.Lock()
		w.them.fail = 6
		w.them.mu.Unlock()
		victims, err := w.Withdraw(t.Context(), evse1, "BROKEN_CHARGER")
		if err != nil || len(victims) != 1 {
			t.Fatalf("withdraw: %+v, %v", victims, err)
		}
		synctest.Wait()
		if left := w.them.left(); left != 5 {
			t.Errorf("%d tries at once, want 1", 6-left)
		}
		time.Sleep(10 * time.Second)
		if tries := 6 - w.them.left(); tries < 3 || tries > 6 {
			t.Errorf("%d tries in ten seconds; want a back-off", tries)
		}
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		heard := w.them.heard()
		if len(heard) != 1 || heard[0].State != charging.Canceled || heard[0].Reason != "BROKEN_CHARGER" {
			t.Fatalf("heard %+v, want one CANCELED", heard)
		}
		if left, _ := w.cal.Outbox(t.Context(), testLocation, 10); len(left) != 0 {
			t.Errorf("the outbox keeps %+v", left)
		}
	})
}

// stranger knows no trip.
type stranger struct{ *originator }

func (s stranger) Originator(charging.CompanyID) (charging.Originator, error) { return s, nil }

func (s stranger) Changed(_ context.Context, _ charging.Notice) error {
	return charging.Refuse(charging.CodeUnknownTrip, "never heard of it")
}

func TestAnOriginatorWithoutTheTripNeedsNoMoreNotices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.Originators = stranger{newOriginator()} })
		w.run(t)
		w.reserved(t, w.request(1))
		if _, err := w.Withdraw(t.Context(), evse1, "POWER_OUTAGE"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if left, _ := w.cal.Outbox(t.Context(), testLocation, 10); len(left) != 0 {
			t.Errorf("the outbox keeps %+v", left)
		}
	})
}

func TestNoShowIsFoundAndTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.run(t)
		h := w.request(1)
		w.reserved(t, h)
		w.advance(24*time.Hour + 30*time.Minute)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		heard := w.them.heard()
		if len(heard) != 1 || heard[0].State != charging.NoShow || heard[0].ReservationID != h.ID {
			t.Fatalf("heard %+v, want one NO_SHOW", heard)
		}
		if states := w.seen(); states[len(states)-1] != charging.NoShow {
			t.Errorf("changes %v, want NO_SHOW at the end", states)
		}
	})
}

func TestBackOffOfNotices(t *testing.T) {
	now := time.Now()
	w := newWorld(t, func(o *Options) { o.Now = func() time.Time { return now } })
	b := &outbox{notices: w.notices, tried: map[charging.ReservationID]retry{}}
	for try, most := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute} {
		b.later(parcel{testLocation, charging.OutboundNotice{Notice: charging.Notice{ReservationID: "r"}}})
		if wait := b.tried["r"].at.Sub(now); wait > most || wait < most/2 {
			t.Errorf("wait %d is %s, want %s to %s", try, wait, most/2, most)
		}
	}
	if b.ready("r") || !b.ready("other") {
		t.Error("what waits is due, or what is new is not")
	}
	b.forget(map[charging.ReservationID]bool{}, map[charging.LocationID]bool{testLocation: false})
	if b.waiting() != 0 {
		t.Error("what has left the outbox is remembered")
	}
}

func TestAStoreThatIsAwayIsNewsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.run(t)
		w.cal.setDown(charging.Refuse(charging.CodeStoreUnavailable, "redis is away"))
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(w.logLines()); n != 1 {
			t.Errorf("%d lines in a minute:\n%s", n, w.logged())
		}
		w.cal.setDown(nil)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if lines := w.logLines(); len(lines) != 2 || lines[1] != "the store answers again" {
			t.Errorf("log:\n%s", w.logged())
		}
	})
}
