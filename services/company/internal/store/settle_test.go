package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func TestManyAreSettledAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		var stops []charging.At
		for i := range 120 { // three scripts
			stops = append(stops, at(e.reserved(t, e.hold(float64(i)))))
		}
		stranger := stops[60]
		stranger.Origin = "CAJ"
		gone := at(e.hold(500))
		if err := e.Settle(ctx, site, append(slices.Clone(stops[:60]), stranger, gone)); err != nil {
			t.Fatal(err)
		}
		list, err := e.Unsettled(ctx, site, 0, 0, 500)
		if err != nil || len(list) != 60 || list[0].ID != stops[60].ID {
			t.Fatalf("%d unsettled, %v; want the other 60, what a stranger settled among them", len(list), err)
		}
		if err := e.Settle(ctx, site, stops); err != nil {
			t.Fatal(err)
		}
		for _, s := range stops {
			if r, err := e.Reservation(ctx, s.ID, []charging.LocationID{site}); err != nil || !r.Settled || r.State != charging.Reserved {
				t.Fatalf("%+v, %v", r, err)
			}
		}
		if list, err := e.Unsettled(ctx, site, 0, 0, 500); err != nil || len(list) != 0 {
			t.Errorf("%d unsettled, %v", len(list), err)
		}
	})
}

func TestUnsettledPageByPage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		var ids []charging.ReservationID
		for i := range 7 {
			ids = append(ids, e.reserved(t, e.hold(float64(i))).ID)
		}
		var seen []charging.ReservationID
		for skip := 0; skip < 8; skip += 3 {
			list, err := e.Unsettled(t.Context(), site, 0, skip, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range list {
				seen = append(seen, r.ID)
			}
		}
		if !slices.Equal(seen, ids) {
			t.Errorf("pages %v, want %v", seen, ids)
		}
	})
}

// TestTidyOfALongCalendar: what has begun is dealt with at once, however much is
// to come; of that, a page at a time.
func TestTidyOfALongCalendar(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		missed := e.reserved(t, e.hold(0))
		const coming = 600
		var lapsed []charging.Hold
		for i := range coming {
			h := e.hold(1 + float64(i))
			if i%2 == 0 {
				e.reserved(t, h)
				continue
			}
			e.must(t, h)
			e.lapse(t, h)
			lapsed = append(lapsed, h)
		}
		e.civil.set(missed.Start.Add(20 * time.Minute))
		left := func() (n int) {
			for _, m := range e.raw.ZRange(ctx, e.prefix+"cal:{"+string(site)+"}:"+string(plug), 0, -1).Val() {
				if m[0] == 'H' {
					n++
				}
			}
			return n
		}
		victims, err := e.Tidy(ctx, site, []charging.EVSEID{plug}, 15*time.Minute, byMeter)
		if err != nil || len(victims) != 1 || victims[0].ReservationID != missed.ID {
			t.Fatalf("%+v, %v; want the no-show", victims, err)
		}
		if n := left(); n == len(lapsed) || n < len(lapsed)-256 {
			t.Errorf("%d of %d lapsed holds left after one round", n, len(lapsed))
		}
		for range 200 {
			if _, err := e.Tidy(ctx, site, []charging.EVSEID{plug}, 15*time.Minute, byMeter); err != nil {
				t.Fatal(err)
			}
		}
		if n := left(); n != 0 {
			t.Errorf("%d lapsed holds left", n)
		}
		for _, h := range lapsed {
			e.wantState(t, h, charging.Expired)
		}
	})
}
