package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// A message is kept once, whatever is repeated; a company says six an hour, and another
// one may still speak; the oldest of many go. It fails where a repeat is a second
// message, where one company's id or number counts for another, or a list has no end.
func TestMessagesAreKeptOnceAndBounded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		const v = charging.VehicleID("EV-0001")
		msg := func(from charging.CompanyID, n int) charging.Message {
			return charging.Message{ID: fmt.Sprintf("message-%d", n), From: from, At: time.UnixMilli(1795904776471).UTC(), Text: fmt.Sprintf("%d | %s", n, from)}
		}
		first := msg("SER", 1)
		for n := range 2 {
			kept, replay, err := e.Messages.Keep(t.Context(), v, first)
			if err != nil || replay != (n == 1) || kept != first {
				t.Fatalf("%+v, %t, %v", kept, replay, err)
			}
		}
		other := first
		other.Text = "another"
		_, _, err := e.Messages.Keep(t.Context(), v, other)
		refused(t, err, charging.CodeIDReused)
		if _, replay, err := e.Messages.Keep(t.Context(), v, msg("CAJ", 1)); err != nil || replay {
			t.Errorf("another company's: %t, %v", replay, err)
		}
		for n := 2; n <= 6; n++ {
			if _, _, err := e.Messages.Keep(t.Context(), v, msg("SER", n)); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err = e.Messages.Keep(t.Context(), v, msg("SER", 7))
		if no := refused(t, err, charging.CodeRateLimited); no.RetryAfter <= 0 || no.RetryAfter > time.Hour {
			t.Errorf("come again in %s", no.RetryAfter)
		}
		for n := range 40 {
			from := charging.CompanyID([]byte{'A', byte('A' + n/6), 'X'})
			if _, _, err := e.Messages.Keep(t.Context(), v, msg(from, 10+n)); err != nil {
				t.Fatal(err)
			}
		}
		list, err := e.Messages.Of(t.Context(), v)
		if err != nil || len(list) != 30 || list[0].ID != "message-49" {
			t.Errorf("%d kept, %v", len(list), err)
		}
	})
}
