package desk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// watched keeps the holds that reach the calendar.
type watched struct {
	Calendar
	holds []charging.Hold
}

func (w *watched) Hold(ctx context.Context, h charging.Hold) (charging.Grant, error) {
	w.holds = append(w.holds, h)
	return w.Calendar.Hold(ctx, h)
}

func TestHoldReachesTheCalendarComplete(t *testing.T) {
	spy := &watched{}
	w := newWorld(t, func(o *Options) { spy.Calendar, o.Calendar = o.Calendar, spy })
	for asked, want := range map[time.Duration]time.Duration{
		0: 30 * time.Second, time.Millisecond: time.Second, time.Minute: time.Minute, time.Hour: charging.MaxHold,
	} {
		h := w.request(1)
		h.TTL, h.Epoch = asked, 0
		if _, err := w.Reserve(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		got := spy.holds[len(spy.holds)-1]
		if got.TTL != want {
			t.Errorf("TTL %s became %s, want %s", asked, got.TTL, want)
		}
		if got.Location != testLocation || got.Want != charging.Pending || got.NoShow != testTerms.NoShowTimeout || got.Epoch != 1 || got.Stamp {
			t.Errorf("hold %+v", got)
		}
	}
	if !slices.Equal(w.seen(), []charging.State{charging.Pending}) {
		t.Errorf("four times the same reserve gave the changes %v", w.seen())
	}
}

func TestStampsRiseAndKeepTheirKey(t *testing.T) {
	spy := &watched{}
	w := newWorld(t, func(o *Options) { spy.Calendar, o.Calendar = o.Calendar, spy })
	first := w.request(1)
	first.Leg = 1
	granted, err := w.Reserve(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	second := w.request(2)
	second.Leg, second.EVSEID = 1, evse2
	if _, err := w.Reserve(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	h := spy.holds[1]
	if !h.Stamp || h.KeyID != "key-1" || granted.GrantedAt == "" || granted.GrantedAt != itoa(h.StampFloor) {
		t.Errorf("after the stamp %s, the next hold asks for %+v", granted.GrantedAt, h)
	}

	w.ground.o.Tickets = rotated{}
	repeat, err := w.Reserve(t.Context(), first)
	if err != nil || repeat.Ticket != granted.Ticket {
		t.Errorf("after a rotation the repeat has another ticket (%v)", err)
	}
	w.ground.o.Tickets = forgetful{}
	repeat, err = w.Reserve(t.Context(), first)
	if err != nil || repeat.Ticket == "" || repeat.GrantedAt != granted.GrantedAt {
		t.Errorf("without the old key: %+v, %v; want the same stamp under the new one", repeat, err)
	}
}

// rotated signs with a new key; forgetful has thrown the old one away.
type (
	rotated   struct{ paper }
	forgetful struct{ rotated }
)

func (rotated) KeyID() string { return "key-2" }

func (f forgetful) Issue(t charging.Ticket, keyID string) (string, error) {
	if keyID != "key-2" {
		return "", errors.New("no such key")
	}
	return f.paper.Issue(t, keyID)
}

func TestAWindowThatHasBegun(t *testing.T) {
	w := newWorld(t, nil)
	h := w.request(1)
	w.reserved(t, h)
	w.advance(24*time.Hour + 5*time.Minute)

	if res, err := w.Reserve(t.Context(), h); err != nil || res.State != charging.Reserved || !res.Replay {
		t.Errorf("the repeat of what was reserved in time: %s, %v", res.State, err)
	}
	fresh := w.request(2)
	fresh.Start, fresh.End = h.Start, h.End
	if _, err := w.Reserve(t.Context(), fresh); !errors.Is(err, charging.CodeInvalidWindow) {
		t.Errorf("a new reserve of a window that has begun: %v", err)
	}
	w.advance(time.Hour)
	if _, err := w.Reserve(t.Context(), h); !errors.Is(err, charging.CodeInvalidWindow) {
		t.Errorf("a repeat after the window: %v", err)
	}
}

func TestAWindowThatHasBegunWithoutAStore(t *testing.T) {
	w := newWorld(t, nil)
	h := w.request(1)
	w.reserved(t, h)
	w.advance(24*time.Hour + 5*time.Minute)
	w.cal.setDown(charging.Refuse(charging.CodeStoreUnavailable, "redis is away"))
	if _, err := w.Reserve(t.Context(), h); !errors.Is(err, charging.CodeStoreUnavailable) {
		t.Errorf("reserve: %v; nobody knows whether it is a repeat", err)
	}
}

func TestCompensateAtAnEVSEWeDoNotHave(t *testing.T) {
	w := newWorld(t, nil)
	ref := w.request(1).Ref
	ref.EVSEID = "BR*MAR*E9999*1"
	if res, err := w.Compensate(t.Context(), ref); err != nil || res.State != charging.Canceled {
		t.Errorf("an EVSE that is gone: %s, %v; nothing is held there", res.State, err)
	}
	ref.EVSEID = "BR*CAJ*E0001*1"
	if _, err := w.Compensate(t.Context(), ref); !errors.Is(err, charging.CodeUnknownEVSE) {
		t.Errorf("another company's EVSE: %v", err)
	}
	ref.EVSEID, ref.End = evse1, time.Time{}
	if _, err := w.Compensate(t.Context(), ref); !errors.Is(err, charging.CodeInvalidWindow) {
		t.Errorf("without an end: %v", err)
	}
}

func TestChangesAreReported(t *testing.T) {
	w := newWorld(t, nil)
	h := w.request(1)
	w.reserved(t, h)
	for range 2 {
		if _, err := w.Compensate(t.Context(), h.Ref); err != nil {
			t.Fatal(err)
		}
	}
	want := []charging.State{charging.Pending, charging.Reserved, charging.Canceled}
	if !slices.Equal(w.seen(), want) {
		t.Errorf("changes %v, want %v", w.seen(), want)
	}
}

func TestAStoreThatIsAway(t *testing.T) {
	w := newWorld(t, nil)
	w.cal.setDown(charging.Refuse(charging.CodeStoreUnavailable, "redis is away"))
	if _, err := w.Reserve(t.Context(), w.request(1)); !errors.Is(err, charging.CodeStoreUnavailable) {
		t.Errorf("reserve: %v", err)
	}
	if len(w.seen()) != 0 {
		t.Errorf("changes were reported: %v", w.seen())
	}
}

func TestReservationIsItsOriginsAlone(t *testing.T) {
	w := newWorld(t, nil)
	h := w.request(1)
	w.reserved(t, h)
	for reader, want := range map[charging.CompanyID]charging.Code{"SER": "", "": "", "CAJ": charging.CodeForbidden} {
		if _, err := w.Reservation(t.Context(), h.ID, reader); charging.CodeOf(err) != want {
			t.Errorf("read by %q: %v, want %q", reader, err, want)
		}
	}
	if _, err := w.Reservation(t.Context(), "x", ""); !errors.Is(err, charging.CodeInvalidField) {
		t.Errorf("a bad id: %v", err)
	}
	if _, err := w.Reservation(t.Context(), charging.ReservationID(id(9)), ""); !errors.Is(err, charging.CodeUnknownReservation) {
		t.Errorf("an unknown id: %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := func() Options {
		return Options{Company: "MAR", Locations: testLocations(), Calendar: newMemory(time.Now), Tickets: paper{}, Originators: newOriginator()}
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*Options){
		"company_id":    func(o *Options) { o.Company = "mar" },
		"required":      func(o *Options) { o.Tickets = nil },
		"TTLs":          func(o *Options) { o.MaxTTL = time.Hour },
		"negative":      func(o *Options) { o.SettleRate = -1 },
		"not belong":    func(o *Options) { o.Locations[0].ID = "BR*SER*L1" },
		"E0001*1 is at": func(o *Options) { o.Locations[1].EVSEs[0].ID = evse1 },
	} {
		o := good()
		spoil(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want it to speak of %q", err, want)
		}
	}
}
