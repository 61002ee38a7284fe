package desk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// vault is a Memory that forgets when told to.
type vault struct {
	mu       sync.Mutex
	lost     string // why
	doubted  bool
	again    int // so many times it is lost once more before Trust
	away     error
	restored []charging.ReservationID
	yielded  []charging.ReservationID
	inWay    map[charging.ReservationID]charging.Conflict
}

func (v *vault) Durable() bool { return true }

func (v *vault) Check(context.Context) ([]charging.LocationID, string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.lost == "" || v.away != nil {
		return nil, "", v.away
	}
	return []charging.LocationID{testLocation}, v.lost, nil
}

func (v *vault) BeginRecovery(context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.doubted = v.away == nil
	return v.away
}

func (v *vault) EndRecovery(context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.doubted || v.again > 0 {
		v.again--
		v.doubted, v.restored = false, nil
		return charging.Refuse(charging.CodeStoreUnavailable, "lost again")
	}
	v.lost = ""
	return v.away
}

func (v *vault) RestoreBooking(_ context.Context, _ charging.LocationID, p charging.Promise, _ time.Duration, yield bool) (charging.Reservation, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.away != nil {
		return charging.Reservation{}, v.away
	}
	if c, taken := v.inWay[p.ID]; taken {
		if yield {
			v.yielded = append(v.yielded, p.ID)
		}
		return charging.Reservation{}, &charging.Refusal{Code: charging.CodeSlotTaken, Detail: "taken", Conflict: &c}
	}
	v.restored = append(v.restored, p.ID)
	return charging.Reservation{ID: p.ID, TripID: p.TripID, Origin: p.Origin, State: charging.Reserved}, nil
}

func (v *vault) forget(why string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.lost, v.doubted = why, false
}

// back are the stops restored since the last loss.
func (v *vault) back() []charging.ReservationID {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.restored)
}

// witnesses answer what they were promised, when they are there.
type witnesses struct {
	mu     sync.Mutex
	silent map[charging.CompanyID]bool
	list   map[charging.CompanyID][]charging.Promise
	asked  map[charging.CompanyID]int
}

func (w *witnesses) Companies() []charging.CompanyID {
	return []charging.CompanyID{"MAR", "SER", "CAJ"}
}

// Promises gives one a page.
func (w *witnesses) Promises(_ context.Context, of charging.CompanyID, after string) ([]charging.Promise, string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[of]++
	if w.silent[of] {
		return nil, "", errors.New("does not answer")
	}
	if after == "" {
		return nil, "0", nil
	}
	i := len(after) - 1
	if i >= len(w.list[of]) {
		return nil, "", nil
	}
	return w.list[of][i : i+1], after + "0", nil
}

func (w *witnesses) speak(of charging.CompanyID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.silent, of)
}

type amnesiac struct {
	*world
	vault  *vault
	seen   *witnesses
	probes int
}

// amnesiacWorld has a desk whose store has lost data; SER's trips hold
// two stops here, CAJ is silent.
func amnesiacWorld(t *testing.T) *amnesiac {
	f := &amnesiac{
		vault: &vault{lost: "its birth mark is gone", inWay: map[charging.ReservationID]charging.Conflict{}},
		seen:  &witnesses{silent: map[charging.CompanyID]bool{"CAJ": true}, list: map[charging.CompanyID][]charging.Promise{}, asked: map[charging.CompanyID]int{}},
	}
	f.world = newWorld(t, func(o *Options) { o.LossDetector, o.Witnesses = f.vault, f.seen })
	for n, outcome := range []charging.Outcome{charging.OutcomePending, charging.OutcomeConfirmed} {
		h := f.request(n)
		f.seen.list["SER"] = append(f.seen.list["SER"], charging.Promise{Ref: h.Ref, Leg: 1, Start: h.Start, VehicleID: h.VehicleID, Fence: 7, Outcome: outcome})
	}
	if err := f.CheckForLoss(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

// closed wants every grant refused.
func (f *amnesiac) closed(t *testing.T) {
	t.Helper()
	f.probes++
	h := f.request(900 + f.probes)
	ctx := t.Context()
	for what, act := range map[string]func() error{
		"reserve":      func() error { _, err := f.Reserve(ctx, h); return err },
		"claim":        func() error { _, err := f.Claim(ctx, h); return err },
		"confirm":      func() error { _, err := f.Confirm(ctx, h.Ref); return err },
		"renew":        func() error { _, err := f.Renew(ctx, h.Ref, time.Second); return err },
		"start":        func() error { _, err := f.Start(ctx, h.Ref, charging.Arrival{}); return err },
		"complete":     func() error { _, err := f.Complete(ctx, h.Ref, charging.Leaving{EnergyKWh: 0}); return err },
		"move":         func() error { _, err := f.Move(ctx, charging.Move{Ref: h.Ref, Seq: 1, To: h.Window()}); return err },
		"reservation":  func() error { _, err := f.Reservation(ctx, h.ID, ""); return err },
		"availability": func() error { _, err := f.Free(ctx, evse1, h.Window()); return err },
	} {
		var r *charging.Refusal
		if err := act(); !errors.As(err, &r) || r.Code != charging.CodeStoreUnavailable || r.RetryAfter == 0 || !strings.Contains(r.Detail, "lost its memory") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := f.Compensate(ctx, h.Ref); err != nil {
		t.Errorf("a release: %v", err)
	}
}

func (f *amnesiac) open(t *testing.T) {
	t.Helper()
	if _, err := f.Reserve(t.Context(), f.request(3)); err != nil {
		t.Errorf("%v", err)
	}
}

// Nothing is granted until all originators have answered; then what they were
// promised is back, the CONFIRMED first.
func TestNothingIsGrantedUntilAllHaveAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := amnesiacWorld(t)
		f.closed(t)
		f.run(t)
		time.Sleep(time.Minute)
		synctest.Wait()
		f.closed(t)
		v := f.Recovery()
		if v.State != Recovering || len(v.Waiting) != 1 || v.Waiting[0].Company != "CAJ" || v.Waiting[0].Attempts < 30 || v.Waiting[0].Detail == "" {
			t.Errorf("%+v", v)
		}
		if err := f.DataLoss(); !strings.Contains(err.Error(), "CAJ") || strings.Contains(err.Error(), "SER,") {
			t.Errorf("who is waited for: %v", err)
		}
		if len(f.vault.back()) > 0 {
			t.Error("restored before all had answered: the order would be wrong")
		}
		f.seen.speak("CAJ")
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got, want := f.vault.back(), []charging.ReservationID{charging.ReservationID(id(1)), charging.ReservationID(id(0))}; !slices.Equal(got, want) {
			t.Errorf("restored %v, want %v", got, want)
		}
		if v := f.Recovery(); v.State != Trusted || v.Restored != 2 || v.Why == "" || len(v.Waiting) != 0 {
			t.Errorf("%+v", v)
		}
		f.open(t)
		if n := strings.Count(f.logged(), "lost its memory"); n != 1 {
			t.Errorf("said %d times:\n%s", n, f.logged())
		}
	})
}

func TestAnOperatorAcceptsTheLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := amnesiacWorld(t)
		f.run(t)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if err := f.AcceptLoss(t.Context()); err != nil {
			t.Fatal(err)
		}
		if v := f.Recovery(); v.State != Accepted || v.Restored != 2 || len(v.Waiting) != 1 {
			t.Errorf("%+v", v)
		}
		f.open(t)
		if err := f.AcceptLoss(t.Context()); charging.CodeOf(err) != charging.CodeTooEarly {
			t.Errorf("twice: %v", err)
		}
		// Who comes back late is still heard.
		h := f.request(20)
		f.seen.mu.Lock()
		f.seen.list["CAJ"] = []charging.Promise{{Ref: h.Ref, Leg: 1, Start: h.Start, VehicleID: h.VehicleID, Outcome: charging.OutcomeConfirmed}}
		f.seen.mu.Unlock()
		f.seen.speak("CAJ")
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := f.vault.back(); len(got) != 3 || got[2] != h.ID {
			t.Errorf("restored %v", got)
		}
		if v := f.Recovery(); v.State != Trusted {
			t.Errorf("%+v", v)
		}
	})
}

// A second loss before the first is recovered, a store that goes away in the
// middle, and another server that was faster.
func TestRecoveryGoesOn(t *testing.T) {
	t.Run("lost again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := amnesiacWorld(t)
			f.seen.speak("CAJ")
			f.vault.again = 2
			f.run(t)
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if got := f.vault.back(); len(got) != 2 || f.Recovery().State != Trusted {
				t.Errorf("restored %v after the last loss, %+v", got, f.Recovery())
			}
		})
	})
	t.Run("store away", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := amnesiacWorld(t)
			f.run(t)
			time.Sleep(5 * time.Second)
			f.vault.mu.Lock()
			f.vault.away = charging.Refuse(charging.CodeStoreUnavailable, "away")
			f.vault.mu.Unlock()
			f.seen.speak("CAJ")
			time.Sleep(5 * time.Second)
			synctest.Wait()
			f.closed(t)
			f.vault.mu.Lock()
			f.vault.away = nil
			f.vault.mu.Unlock()
			time.Sleep(3 * time.Second)
			synctest.Wait()
			f.open(t)
		})
	})
	t.Run("another was faster", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := amnesiacWorld(t)
			f.run(t)
			time.Sleep(5 * time.Second)
			f.vault.forget("")
			time.Sleep(2 * time.Second)
			synctest.Wait()
			f.open(t)
			if v := f.Recovery(); v.State != Trusted || len(v.Waiting) != 0 {
				t.Errorf("%+v", v)
			}
		})
	})
	t.Run("while it runs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := amnesiacWorld(t)
			f.seen.speak("CAJ")
			f.run(t)
			time.Sleep(3 * time.Second)
			synctest.Wait()
			f.open(t)
			f.vault.forget("it has gone back in time")
			time.Sleep(3 * time.Second)
			synctest.Wait()
			if v := f.Recovery(); v.State != Trusted || !strings.Contains(v.Why, "back in time") || v.Restored != 2 {
				t.Errorf("%+v", v)
			}
		})
	})
}

// A RESERVED in the way whose trip is over makes room; one whose trip stands
// stays, and the stop is given up and counted.
func TestRestoringMeetsAReserved(t *testing.T) {
	for outcome, lost := range map[charging.Outcome]bool{charging.OutcomeAborted: false, charging.OutcomeConfirmed: true} {
		t.Run(string(outcome), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := amnesiacWorld(t)
				f.seen.speak("CAJ")
				mine := charging.ReservationID(id(1))
				f.vault.inWay[mine] = charging.Conflict{
					EVSEID: evse1, State: charging.Reserved, ReservationID: charging.ReservationID(id(77)), TripID: charging.TripID(id(78)), Origin: "SER",
					Window: charging.Window{Start: f.now(), End: f.now().Add(30 * time.Hour).Truncate(time.Second)},
				}
				f.them.says(outcome, nil)
				f.run(t)
				time.Sleep(time.Second + 500*time.Millisecond)
				if outcome == charging.OutcomeAborted {
					// The scripted vault does not see the calendar: the drop is what counts.
					if res, err := f.cal.Reservation(t.Context(), charging.ReservationID(id(77)), nil); err == nil && res.State != charging.Canceled {
						t.Errorf("%+v", res)
					}
				}
				synctest.Wait()
				if f.them.questions() == 0 {
					t.Error("nobody was asked about the RESERVED in the way")
				}
				if lost && (!slices.Contains(f.vault.yielded, mine) || f.Recovery().Conflicts != 1) {
					t.Errorf("yielded %v, %+v", f.vault.yielded, f.Recovery())
				}
			})
		})
	}
}

// What an originator claims beyond what can be booked here is not believed.
func TestAbsurdPromisesAreNotRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := amnesiacWorld(t)
		f.seen.speak("CAJ")
		far, stranger := f.seen.list["SER"][0], f.seen.list["SER"][0]
		far.Start, far.End = far.Start.AddDate(1, 0, 0), far.End.AddDate(1, 0, 0)
		stranger.EVSEID = "BR*MAR*E9999*1"
		f.seen.list["CAJ"] = []charging.Promise{far, stranger}
		f.run(t)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if v := f.Recovery(); v.State != Trusted || v.Restored != 2 {
			t.Errorf("%+v", v)
		}
		if n := strings.Count(f.logged(), "cannot be booked here"); n != 2 {
			t.Errorf("said %d times", n)
		}
	})
}
