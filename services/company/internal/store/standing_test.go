package store_test

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Every standing trip is on exactly one page, also when many were created in the
// same millisecond.
func TestStandingPagesThroughAll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		want := map[charging.TripID]bool{}
		born := e.civil.now().Truncate(time.Second)
		for i := range 23 {
			tr := newTrip(e, 1)
			tr.CreatedAt = born.Add(time.Duration(i/9) * time.Millisecond)
			if err := e.Create(ctx, tr, lease, nil); err != nil {
				t.Fatal(err)
			}
			if i%3 == 0 {
				continue
			}
			tr.State = trip.Confirmed
			if i%3 == 2 {
				tr.State = trip.Confirming
			}
			if err := e.Finish(ctx, tr, nil); err != nil {
				t.Fatal(err)
			}
			want[tr.ID] = true
		}
		pages := 0
		for after := ""; ; pages++ {
			page, next, err := e.Standing(ctx, after, 4, trip.Confirming, trip.Confirmed)
			if err != nil {
				t.Fatal(err)
			}
			for _, tr := range page {
				if !want[tr.ID] {
					t.Errorf("trip %s (%s) is there twice, or should not be", tr.ID, tr.State)
				}
				delete(want, tr.ID)
			}
			if next == "" {
				break
			}
			after = next
		}
		if len(want) > 0 || pages < 4 {
			t.Errorf("%d trips are missing after %d pages", len(want), pages)
		}
		_, _, err := e.Standing(ctx, "12.x", 4, trip.Confirmed)
		refused(t, err, charging.CodeInvalidField)
	})
}
