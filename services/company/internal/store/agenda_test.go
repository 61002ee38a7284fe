package store_test

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

const noShow = 15 * time.Minute

// due asks for the agenda of the test's location, beside one where nothing is.
func (e *env) due(t testing.TB) charging.Due {
	t.Helper()
	got, err := e.Dues(t.Context(), []charging.Premises{
		{Location: "BR*MAR*LNOWHERE", EVSEs: []charging.EVSEID{"BR*MAR*E9*1"}, NoShow: noShow},
		{Location: site, EVSEs: []charging.EVSEID{plug}, NoShow: noShow},
	})
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	if n := got[0]; !n.Next.IsZero() || n.Notices != 0 || !n.Unsettled.IsZero() || n.Out != nil {
		t.Errorf("where nothing is, %+v is due", n)
	}
	return got[1]
}

// What is due follows a booking through its life: no-show, the end of its
// window, the end of a session that nobody ended; and a lost script is loaded.
func TestDues(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		if d := e.due(t); !d.Next.IsZero() || d.Notices != 0 {
			t.Errorf("at rest: %+v", d)
		}
		e.reserved(t, e.hold(5))
		h := e.reserved(t, e.hold(0))
		d := e.due(t)
		if !d.Next.Equal(h.Start.Add(noShow)) || d.Unsettled.IsZero() || time.Since(d.Unsettled).Abs() > time.Minute {
			t.Errorf("booked: %+v, want the no-show of %s", d, h.Start)
		}
		if e.real {
			if err := e.raw.ScriptFlush(ctx).Err(); err != nil {
				t.Fatal(err)
			}
			e.due(t)
		}
		e.civil.set(h.Start)
		if _, err := e.Start(ctx, at(h), charging.Arrival{}, charging.Terms{EarlyPlug: noShow, NoShowTimeout: noShow}); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct{ now, next time.Time }{
			{h.Start.Add(noShow + 5*time.Second), h.Start.Add(noShow)}, // for a clock that is a little behind
			{h.Start.Add(noShow + time.Minute), h.End},
			{h.End.Add(time.Minute), h.End.Add(time.Hour)},
		} {
			e.civil.set(step.now)
			if d := e.due(t); !d.Next.Equal(step.next) {
				t.Errorf("at %s: %s, want %s", step.now, d.Next, step.next)
			}
		}
		if _, err := e.Withdraw(ctx, site, plug, "BROKEN_CHARGER", charging.Meter{}); err != nil {
			t.Fatal(err)
		}
		// The session that the break has ended, and the stop to come.
		if d := e.due(t); d.Notices != 2 || d.Out[plug] != "BROKEN_CHARGER" {
			t.Errorf("withdrawn: %+v", d)
		}
		if out, err := e.Shown(ctx); err != nil || len(out) != 1 || out[plug].OutOfService != "BROKEN_CHARGER" {
			t.Errorf("shown out of service: %v, %v", out, err)
		}
		if _, err := e.Withdraw(ctx, site, plug, "", charging.Meter{}); err != nil {
			t.Fatal(err)
		}
		if out, err := e.Shown(ctx); err != nil || len(out) != 0 {
			t.Errorf("shown out of service: %v, %v", out, err)
		}
	})
}

// A home stays where it was first noted, whoever notes another; the rest is of
// the last who did.
func TestEnroll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		note := func(home charging.LocationID, name string) {
			t.Helper()
			l := charging.Location{ID: home, Name: name, Terms: charging.Terms{NoShowTimeout: noShow}, EVSEs: []charging.EVSE{{ID: plug}}}
			done(t, e.Enroll(ctx, map[charging.EVSEID]store.Enrolled{plug: {Home: home, Location: l}}))
		}
		note(site, "one")
		note("BR*MAR*LNEW01", `two "quoted"`)
		got, err := e.Enrolled(ctx)
		if err != nil || len(got) != 1 || got[plug].Home != site || got[plug].Location.Name != `two "quoted"` || got[plug].Location.Terms.NoShowTimeout != noShow {
			t.Errorf("%+v, %v", got, err)
		}
		h := e.reserved(t, e.hold(0))
		births, err := e.Births(ctx)
		if err != nil || len(births) != 1 || len(births[plug]) != 1 || births[plug][0] != site {
			t.Errorf("born at %v, %v", births, err)
		}
		booked, err := e.Booked(ctx, map[charging.EVSEID]charging.LocationID{plug: site, "BR*MAR*E9*1": site})
		if b := booked[plug]; err != nil || b.Entries != 1 || !b.Until.Equal(h.End) || booked["BR*MAR*E9*1"].Entries != 0 {
			t.Errorf("%+v, %v", booked, err)
		}
		done(t, e.Disenroll(ctx, plug))
		if got, err := e.Enrolled(ctx); err != nil || len(got) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
