package desk

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// rival meets the RESERVED of another trip.
func rival(w *world) charging.HoldRequest { return w.request(2) }

func TestAnUnsettledReservedInTheWay(t *testing.T) {
	for _, tt := range []struct {
		name    string
		outcome charging.Outcome
		err     error
		granted bool
		settled bool
	}{
		{"confirmed: settled, and final", charging.OutcomeConfirmed, nil, false, true},
		{"aborted: freed, and granted", charging.OutcomeAborted, nil, true, false},
		{"undecided: stands", charging.OutcomePending, nil, false, false},
		{"unknown: data was lost, stands", charging.OutcomeUnknown, nil, false, false},
		{"unreachable: stands", "", errors.New("connection refused"), false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			first := w.request(1)
			w.reserved(t, first)
			w.them.says(tt.outcome, tt.err)
			res, err := w.Reserve(t.Context(), rival(w))
			if tt.granted {
				if err != nil || res.State != charging.Pending {
					t.Fatalf("reserve: %s, %v; want it granted", res.State, err)
				}
				if gone, _ := w.Reservation(t.Context(), first.ID, ""); gone.State != charging.Canceled {
					t.Errorf("the aborted stop is %s", gone.State)
				}
				return
			}
			var r *charging.Refusal
			if !errors.As(err, &r) || r.Code != charging.CodeSlotTaken || r.Conflict.Settled != tt.settled {
				t.Fatalf("reserve: %v, conflict %+v", err, r)
			}
			if kept, _ := w.Reservation(t.Context(), first.ID, ""); kept.State != charging.Reserved {
				t.Errorf("the stop in the way is %s", kept.State)
			}
			if got := slices.Contains(w.cal.wasSettled(), first.ID); got != tt.settled {
				t.Errorf("settled in the calendar: %v", got)
			}
		})
	}
}

func TestWhatIsSettledOrOwnIsNotAsked(t *testing.T) {
	w := newWorld(t, nil)
	first := w.request(1)
	w.reserved(t, first)
	own := first
	own.ID = charging.ReservationID(id(7))
	if _, err := w.Reserve(t.Context(), own); !errors.Is(err, charging.CodeSlotTaken) {
		t.Fatal(err)
	}
	w.them.says(charging.OutcomeConfirmed, nil)
	for range 3 {
		if _, err := w.Reserve(t.Context(), rival(w)); !errors.Is(err, charging.CodeSlotTaken) {
			t.Fatal(err)
		}
	}
	if n := w.them.questions(); n != 1 {
		t.Errorf("%d questions, want 1: once it is settled nobody asks", n)
	}
}

func TestASilentOriginatorIsWaitedForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.reserved(t, w.request(1))
		w.them.hold = make(chan struct{})
		began := time.Now()
		_, err := w.Reserve(t.Context(), rival(w))
		if took := time.Since(began); !errors.Is(err, charging.CodeSlotTaken) || took != time.Second {
			t.Errorf("after %s: %v; want SLOT_TAKEN after 1 s", took, err)
		}
	})
}

func TestManyWhoMeetTheSameStopAskOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.reserved(t, w.request(1))
		w.them.hold = make(chan struct{})
		w.them.says(charging.OutcomeAborted, nil)
		var wg sync.WaitGroup
		granted := make(chan charging.ReservationID, 10)
		for i := range 10 {
			wg.Go(func() {
				if res, err := w.Reserve(t.Context(), w.request(10+i)); err == nil {
					granted <- res.ID
				}
			})
		}
		synctest.Wait()
		close(w.them.hold)
		wg.Wait()
		if len(granted) != 1 || w.them.questions() != 1 {
			t.Errorf("%d granted after %d questions, want 1 and 1", len(granted), w.them.questions())
		}
	})
}

func TestSettlingInTheBackground(t *testing.T) {
	for _, tt := range []struct {
		outcome charging.Outcome
		state   charging.State
		settled bool
		orphans int
	}{
		{charging.OutcomeConfirmed, charging.Reserved, true, 0},
		{charging.OutcomeAborted, charging.Canceled, false, 0},
		{charging.OutcomePending, charging.Reserved, false, 0},
		{charging.OutcomeUnknown, charging.Reserved, false, 1},
	} {
		t.Run(string(tt.outcome), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				h := w.request(1)
				w.reserved(t, h)
				w.them.says(tt.outcome, nil)
				w.run(t)
				time.Sleep(14 * time.Second) // the bubble's clock
				if n := w.them.questions(); n != 0 {
					t.Fatalf("asked %d times before the age", n)
				}
				time.Sleep(10 * time.Second)
				synctest.Wait()
				res, err := w.Reservation(t.Context(), h.ID, "")
				if err != nil || res.State != tt.state || res.Settled != tt.settled {
					t.Errorf("%s, settled %v (%v); want %s, %v", res.State, res.Settled, err, tt.state, tt.settled)
				}
				if got := w.Orphans(); len(got) != tt.orphans {
					t.Errorf("orphans %+v, want %d", got, tt.orphans)
				}
			})
		})
	}
}

func TestAnOrphanIsListedUntilItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		h := w.request(1)
		w.reserved(t, h)
		w.them.says(charging.OutcomeUnknown, nil)
		w.run(t)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		list := w.Orphans()
		if len(list) != 1 || list[0].ID != h.ID || list[0].Since.IsZero() {
			t.Fatalf("orphans %+v", list)
		}
		if n := w.them.questions(); n < 3 || n > 6 {
			t.Errorf("asked %d times in five minutes, want about one a minute", n)
		}
		if strings.Count(w.logged(), "does not know") != 1 {
			t.Errorf("said more or less than once:\n%s", w.logged())
		}
		w.advance(26 * time.Hour)
		if list := w.Orphans(); len(list) != 0 {
			t.Errorf("after the window: %+v", list)
		}
	})
}

// manyReserved books n windows of an hour at one EVSE, one after the other.
func (w *world) manyReserved(t *testing.T, n, first int, change func(*charging.HoldRequest)) {
	t.Helper()
	for i := range n {
		h := w.request(first + i)
		h.Start, h.End = h.Start.Add(time.Duration(i)*time.Hour), h.End.Add(time.Duration(i)*time.Hour)
		if change != nil {
			change(&h)
		}
		w.reserved(t, h)
	}
}

func TestSettlingIsGentle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.SettleRate = 10 })
		w.manyReserved(t, 100, 100, nil)
		w.them.says(charging.OutcomeConfirmed, nil)
		w.run(t)
		time.Sleep(16 * time.Second)
		before := w.them.askedAbout()
		time.Sleep(5 * time.Second)
		if n := w.them.askedAbout() - before; n > 60 {
			t.Errorf("asked about %d stops in 5 s at 10 a second", n)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if len(w.cal.wasSettled()) != 100 {
			t.Errorf("%d of 100 settled", len(w.cal.wasSettled()))
		}
		if w.them.askedAbout() != 100 || w.them.questions() != 10 {
			t.Errorf("%d questions about %d stops, want 10 about 100", w.them.questions(), w.them.askedAbout())
		}
	})
}

func TestManyStopsAreSettledWithFewQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.manyReserved(t, 300, 1000, nil)
		w.manyReserved(t, 300, 2000, func(h *charging.HoldRequest) { h.EVSEID = evse2 })
		w.them.says(charging.OutcomeConfirmed, nil)
		w.run(t)
		time.Sleep(21 * time.Second)
		synctest.Wait()
		if len(w.cal.wasSettled()) != 600 {
			t.Errorf("%d of 600 settled in the first round", len(w.cal.wasSettled()))
		}
		if n := w.them.questions(); n < 3 || n > 5 {
			t.Errorf("%d questions about 600 stops", n)
		}
	})
}

// What nobody can settle must not hide what can be, however much of it there is
// and however old it is.
func TestWhoIsAwayHidesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away, here := newOriginator(), newOriginator()
		away.says("", errors.New("connection refused"))
		here.says(charging.OutcomeConfirmed, nil)
		w := newWorld(t, func(o *Options) { o.Originators = offices{"SER": away, "CAJ": here} })
		w.manyReserved(t, 300, 1000, nil)
		w.manyReserved(t, 300, 2000, func(h *charging.HoldRequest) { h.EVSEID = evse2 })
		late := w.request(3000)
		late.Origin = "CAJ"
		late.Start, late.End = late.Start.Add(300*time.Hour), late.End.Add(300*time.Hour)
		w.reserved(t, late)
		w.run(t)
		time.Sleep(21 * time.Second)
		synctest.Wait()
		if !slices.Equal(w.cal.wasSettled(), []charging.ReservationID{late.ID}) {
			t.Errorf("settled %v behind 600 stops of an originator that is away", w.cal.wasSettled())
		}
	})
}

// An originator may answer only the first of many questions.
func TestHalfAnAnswerSettlesHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.manyReserved(t, 10, 100, nil)
		w.them.says(charging.OutcomeConfirmed, nil)
		w.them.most = 4
		w.run(t)
		time.Sleep(2 * time.Second) // between the rounds
		for round, want := range []int{0, 0, 4, 8, 10} {
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if got := len(w.cal.wasSettled()); got != want {
				t.Errorf("round %d: %d settled, want %d", round, got, want)
			}
		}
	})
}

func TestAnOriginatorThatIsAwayIsAskedOnceARound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.manyReserved(t, 20, 100, nil)
		w.them.says("", errors.New("connection refused"))
		w.run(t)
		time.Sleep(61 * time.Second)
		if n := w.them.questions(); n < 5 || n > 12 {
			t.Errorf("%d questions in a minute, want one a round", n)
		}
	})
}
