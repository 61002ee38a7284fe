package desk

import (
	"errors"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func (w *world) status(t *testing.T, id charging.EVSEID) charging.EVSEStatus {
	t.Helper()
	for _, l := range w.Locations(t.Context()) {
		for _, e := range l.EVSEs {
			if e.ID == id {
				return e.Status
			}
		}
	}
	t.Fatalf("%s is not listed", id)
	return ""
}

func TestStatusOfAnEVSE(t *testing.T) {
	now := time.Now()
	w := newWorld(t, func(o *Options) { o.Now = func() time.Time { return now } })
	h := w.request(1)
	w.reserved(t, h)
	if got := w.status(t, evse1); got != charging.StatusAvailable {
		t.Errorf("at first %s", got)
	}
	w.advance(24 * time.Hour)
	if _, err := w.Start(t.Context(), h.Ref, charging.Arrival{}); err != nil {
		t.Fatal(err)
	}
	if got := w.status(t, evse1); got != charging.StatusCharging {
		t.Errorf("with a car at the plug %s", got)
	}
	if _, err := w.Complete(t.Context(), h.Ref, charging.Leaving{EnergyKWh: 5}); err != nil {
		t.Fatal(err)
	}
	if got := w.status(t, evse1); got != charging.StatusAvailable {
		t.Errorf("after it has left %s", got)
	}
	if _, err := w.Withdraw(t.Context(), evse1, "BROKEN_CHARGER"); err != nil {
		t.Fatal(err)
	}
	if got := w.status(t, evse1); got != charging.StatusOutOfOrder {
		t.Errorf("withdrawn: %s", got)
	}
	if all, err := w.Status(t.Context()); err != nil || all[evse1] != "BROKEN_CHARGER" || len(all) != 1 {
		t.Errorf("Status = %v, %v", all, err)
	}
	if err := w.ReturnToService(t.Context(), evse1); err != nil {
		t.Fatal(err)
	}
	if got := w.status(t, evse1); got != charging.StatusAvailable {
		t.Errorf("restored: %s", got)
	}
	w.cal.setDown(charging.Refuse(charging.CodeStoreUnavailable, "away"))
	now = now.Add(2 * time.Second)
	if got := w.status(t, evse1); got != charging.StatusUnknown {
		t.Errorf("without a store: %s", got)
	}
}

func TestACarThatNeverSaidItLeft(t *testing.T) {
	w := newWorld(t, nil)
	h := w.request(1)
	w.reserved(t, h)
	w.advance(24 * time.Hour)
	if _, err := w.Start(t.Context(), h.Ref, charging.Arrival{}); err != nil {
		t.Fatal(err)
	}
	w.advance(time.Hour)
	if got := w.status(t, evse1); got != charging.StatusCharging {
		t.Errorf("after the window, with the car still there: %s", got)
	}
	w.advance(time.Hour)
	if err := w.tidying.tidy(t.Context(), testLocation); err != nil {
		t.Fatal(err)
	}
	w.display.forgetStatus()
	if got := w.status(t, evse1); got != charging.StatusAvailable {
		t.Errorf("an hour after the window: %s", got)
	}
	res, err := w.Reservation(t.Context(), h.ID, "SER")
	if err != nil || res.State != charging.Fulfilled || res.Session == nil || !res.Session.Estimated || res.Session.Price == nil || res.Session.EnergyKWh < 119 || res.Session.EnergyKWh > 120 {
		t.Errorf("%+v, %+v, %v", res, res.Session, err)
	}
}

func TestTermsHaveDefaults(t *testing.T) {
	w := newWorld(t, nil)
	if got := w.Locations(t.Context())[1].Terms; got.MaxAhead != charging.MaxAhead || got.NoShowTimeout == 0 || got.EarlyPlug == 0 {
		t.Errorf("terms %+v", got)
	}
}

func TestAvailability(t *testing.T) {
	w := newWorld(t, nil)
	h := w.request(1)
	w.reserved(t, h)
	day := charging.Window{Start: h.Start.Add(-time.Hour), End: h.End.Add(time.Hour)}

	list, err := w.Availability(t.Context(), []charging.EVSEID{evseFar, evse1, evse2}, day)
	if err != nil || len(list) != 3 || list[0].EVSEID != evseFar || list[1].EVSEID != evse1 {
		t.Fatalf("Availability = %+v, %v; want the order asked", list, err)
	}
	want := []charging.Window{{Start: day.Start, End: h.Start}, {Start: h.End, End: day.End}}
	if got := list[1].Windows; len(got) != 2 || !got[0].Equal(want[0]) || !got[1].Equal(want[1]) {
		t.Errorf("free at %s: %v, want %v", evse1, got, want)
	}
	if got := list[2].Windows; len(got) != 1 || !got[0].Equal(day) {
		t.Errorf("free at %s: %v", evse2, got)
	}

	if _, err := w.Withdraw(t.Context(), evse2, "POWER_OUTAGE"); err != nil {
		t.Fatal(err)
	}
	if free, err := w.Free(t.Context(), evse2, day); err != nil || len(free.Windows) != 0 {
		t.Errorf("out of service, free %v (%v)", free.Windows, err)
	}
	past := charging.Window{Start: w.now().Add(-2 * time.Hour), End: w.now().Add(time.Hour)}
	if free, err := w.Free(t.Context(), evse1, past); err != nil || len(free.Windows) != 1 || free.Windows[0].Start.Before(w.now()) {
		t.Errorf("free %v (%v); want nothing of the past", free.Windows, err)
	}
	over := charging.Window{Start: w.now().Add(-2 * time.Hour), End: w.now().Add(-time.Hour)}
	if free, err := w.Free(t.Context(), evse1, over); err != nil || len(free.Windows) != 0 {
		t.Errorf("free %v (%v) in what is over", free.Windows, err)
	}
}

func TestAvailabilityRefuses(t *testing.T) {
	w := newWorld(t, nil)
	now := w.now()
	hour := charging.Window{Start: now, End: now.Add(time.Hour)}
	for name, tt := range map[string]struct {
		evses []charging.EVSEID
		w     charging.Window
		code  charging.Code
	}{
		"unknown EVSE": {[]charging.EVSEID{evse1, "BR*MAR*E9*1"}, hour, charging.CodeUnknownEVSE},
		"bad id":       {[]charging.EVSEID{"x"}, hour, charging.CodeInvalidField},
		"backwards":    {[]charging.EVSEID{evse1}, charging.Window{Start: hour.End, End: hour.Start}, charging.CodeInvalidWindow},
		"no window":    {[]charging.EVSEID{evse1}, charging.Window{}, charging.CodeInvalidWindow},
		"years":        {[]charging.EVSEID{evse1}, charging.Window{Start: now, End: now.AddDate(2, 0, 0)}, charging.CodeInvalidWindow},
		"too many":     {make([]charging.EVSEID, maxAvailability+1), hour, charging.CodeInvalidField},
	} {
		if _, err := w.Availability(t.Context(), tt.evses, tt.w); !errors.Is(err, tt.code) {
			t.Errorf("%s: %v, want %s", name, err, tt.code)
		}
	}
}

func TestWithdrawRefuses(t *testing.T) {
	w := newWorld(t, nil)
	if _, err := w.Withdraw(t.Context(), "BR*MAR*E9*1", "BROKEN_CHARGER"); !errors.Is(err, charging.CodeUnknownEVSE) {
		t.Errorf("unknown EVSE: %v", err)
	}
	for _, reason := range []string{"", "broken", "A\nB", "X"} {
		if _, err := w.Withdraw(t.Context(), evse1, reason); !errors.Is(err, charging.CodeInvalidField) {
			t.Errorf("reason %q: %v", reason, err)
		}
	}
}

func TestLocks(t *testing.T) {
	w := newWorld(t, nil)
	h := w.request(1)
	if _, err := w.Reserve(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	locks, err := w.Locks(t.Context())
	if err != nil || len(locks) != 1 || locks[0].ReservationID != h.ID || locks[0].State != charging.Pending {
		t.Fatalf("Locks = %+v, %v", locks, err)
	}
	if _, err := w.Confirm(t.Context(), h.Ref); err != nil {
		t.Fatal(err)
	}
	if locks, err := w.Locks(t.Context()); err != nil || len(locks) != 0 {
		t.Errorf("after the confirm: %+v, %v", locks, err)
	}
}
