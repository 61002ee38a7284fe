package desk

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func suspension(number int64, reason string) charging.Suspension {
	return charging.Suspension{Company: "SER", Number: number, Since: time.Now(), Reason: reason}
}

// at hours from the first request's window, so that they are not in each other's way.
func (w *world) shifted(n, hours int) charging.HoldRequest {
	h := w.request(n)
	h.Start, h.End = h.Start.Add(time.Duration(hours)*time.Hour), h.End.Add(time.Duration(hours)*time.Hour)
	return h
}

func (w *world) states(t *testing.T, hs ...charging.HoldRequest) []charging.State {
	t.Helper()
	var out []charging.State
	for _, h := range hs {
		res, err := w.Reservation(t.Context(), h.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, res.State)
	}
	return out
}

// The faults: a hold that outlives the suspension, a RESERVED that does not, another
// company's that is ended, a grant afterwards, a confirm of what was ended.
func TestASuspendedPeerKeepsWhatIsReservedOnly(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world, _ string) {
		ctx := t.Context()
		claimed, pending, reserved, others := w.shifted(1, 0), w.shifted(2, 1), w.shifted(3, 2), w.shifted(4, 3)
		claimed.Ticket = paperTicket(t, claimed.TripID, time.Now(), time.Now().Add(time.Minute))
		others.Origin = "CAJ"
		if _, err := w.Claim(ctx, claimed); err != nil {
			t.Fatal(err)
		}
		for _, h := range []charging.HoldRequest{pending, others} {
			if _, err := w.Reserve(ctx, h); err != nil {
				t.Fatal(err)
			}
		}
		w.reserved(t, reserved)
		if n, err := w.Suspend(ctx, suspension(2, "stamps of 1970")); err != nil || n != 2 {
			t.Errorf("%d released, %v; want 2", n, err)
		}
		want := []charging.State{charging.Canceled, charging.Canceled, charging.Reserved, charging.Pending}
		if got := w.states(t, claimed, pending, reserved, others); !slices.Equal(got, want) {
			t.Errorf("states %v, want %v", got, want)
		}
		if _, err := w.Confirm(ctx, pending.Ref); !errors.Is(err, charging.CodeAlreadyCompensated) {
			t.Errorf("confirm of what was ended: %v", err)
		}
		if _, err := w.Reserve(ctx, w.shifted(5, 5)); !errors.Is(err, charging.CodeForbidden) {
			t.Errorf("a grant by the script, whatever the desk knows: %v, want FORBIDDEN", err)
		}
		if n, err := w.Suspend(ctx, suspension(1, "")); err != nil || n != 0 { // an older word comes late
			t.Errorf("%d, %v", n, err)
		}
		if _, err := w.Reserve(ctx, w.shifted(6, 6)); !errors.Is(err, charging.CodeForbidden) {
			t.Errorf("after an older word: %v, want FORBIDDEN", err)
		}
		if _, err := w.Suspend(ctx, suspension(3, "")); err != nil {
			t.Error(err)
		}
		if _, err := w.Reserve(ctx, w.shifted(7, 7)); err != nil {
			t.Errorf("once it is resumed: %v", err)
		}
		if _, err := w.Compensate(ctx, reserved.Ref); err != nil {
			t.Errorf("compensate: %v", err)
		}
	})
}

// between does something at the seams of a suspension.
type between struct {
	Calendar
	beforeBar, afterBar, listed func()
	once                        [3]sync.Once
}

func (b *between) Bar(ctx context.Context, loc charging.LocationID, s charging.Suspension) error {
	b.once[0].Do(b.beforeBar)
	err := b.Calendar.Bar(ctx, loc, s)
	b.once[1].Do(b.afterBar)
	return err
}

func (b *between) Locks(ctx context.Context, loc charging.LocationID, evses []charging.EVSEID) ([]charging.Lock, error) {
	list, err := b.Calendar.Locks(ctx, loc, evses)
	b.once[2].Do(b.listed)
	return list, err
}

// A claim that is in the script while the peer is suspended, and a confirm that is under
// way: at each seam the claim is refused or swept, and the confirm stands or is refused.
func TestSuspendBesideAClaimAndAConfirm(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world, _ string) {
		ctx := t.Context()
		early, late := w.shifted(1, 0), w.shifted(2, 1)
		confirmedFirst, confirmedListed := w.shifted(3, 2), w.shifted(4, 3)
		for _, h := range []charging.HoldRequest{confirmedFirst, confirmedListed} {
			if _, err := w.Reserve(ctx, h); err != nil {
				t.Fatal(err)
			}
		}
		inner := w.ground.o.Calendar
		w.ground.o.Calendar = &between{
			Calendar: inner,
			beforeBar: func() {
				if _, err := w.Reserve(ctx, early); err != nil {
					t.Errorf("before the mark: %v", err)
				}
			},
			afterBar: func() {
				if _, err := w.Reserve(ctx, late); !errors.Is(err, charging.CodeForbidden) {
					t.Errorf("after the mark: %v, want FORBIDDEN", err)
				}
				if _, err := w.Confirm(ctx, confirmedFirst.Ref); err != nil {
					t.Errorf("confirm between mark and sweep: %v", err)
				}
			},
			listed: func() {
				if _, err := w.Confirm(ctx, confirmedListed.Ref); err != nil {
					t.Errorf("confirm between list and drop: %v", err)
				}
			},
		}
		if n, err := w.Suspend(ctx, suspension(1, "claims without end")); err != nil || n != 1 {
			t.Errorf("%d released, %v; want the one of before the mark", n, err)
		}
		want := []charging.State{charging.Canceled, charging.Reserved, charging.Reserved}
		if got := w.states(t, early, confirmedFirst, confirmedListed); !slices.Equal(got, want) {
			t.Errorf("states %v, want %v", got, want)
		}
	})
}

// The faults: an action that is let through although the desk knows, or one that is
// refused and leaves a trip half booked; a ticket that another company brings.
func TestWhatASuspendedPeerMayStillDo(t *testing.T) {
	word := charging.Suspension{}
	w := newWorld(t, func(o *Options) {
		o.Suspended = func(id charging.CompanyID) charging.Suspension {
			if id == word.Company {
				return word
			}
			return charging.Suspension{}
		}
	})
	ctx := t.Context()
	h, held := w.shifted(1, 0), w.shifted(2, 1)
	w.reserved(t, h)
	if _, err := w.Reserve(ctx, held); err != nil {
		t.Fatal(err)
	}
	word = suspension(1, "stamps of 1970")
	another := w.shifted(3, 2)
	another.Ticket = paperTicket(t, another.TripID, time.Now(), time.Now().Add(time.Minute))
	for name, call := range map[string]func() error{
		"reserve": func() error { _, err := w.Reserve(ctx, another); return err },
		"claim":   func() error { _, err := w.Claim(ctx, another); return err },
		"renew":   func() error { _, err := w.Renew(ctx, held.Ref, time.Minute); return err },
		"move": func() error {
			_, err := w.Move(ctx, charging.Move{Ref: h.Ref, Seq: 1, To: charging.NewWindow(h.Start, h.End.Add(time.Hour))})
			return err
		},
		"contest": func() error {
			_, err := w.Contest(ctx, charging.Contest{VehicleID: "EV-0001", ReservationID: h.ID, EVSEID: "BR*SER*E0001*1", StartedAt: "1"})
			return err
		},
	} {
		if err := call(); !errors.Is(err, charging.CodeForbidden) {
			t.Errorf("%s: %v, want FORBIDDEN", name, err)
		}
	}
	if _, err := w.Confirm(ctx, held.Ref); err != nil {
		t.Errorf("confirm of a hold that has not been ended: %v", err)
	}
	w.advance(24 * time.Hour)
	for name, call := range map[string]func() (charging.Reservation, error){
		"read":       func() (charging.Reservation, error) { return w.Reservation(ctx, h.ID, "SER") },
		"start":      func() (charging.Reservation, error) { return w.Start(ctx, h.Ref, charging.Arrival{}) },
		"complete":   func() (charging.Reservation, error) { return w.Complete(ctx, h.Ref, charging.Leaving{EnergyKWh: 1}) },
		"compensate": func() (charging.Reservation, error) { return w.Compensate(ctx, held.Ref) },
	} {
		if _, err := call(); err != nil && charging.CodeOf(err) == charging.CodeForbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	word.Company = "CAJ" // the issuer of the paper tickets
	if _, err := w.Claim(ctx, another); !errors.Is(err, charging.CodeTicketInvalid) {
		t.Errorf("a suspended company's ticket in another's hands: %v, want TICKET_INVALID", err)
	}
}
