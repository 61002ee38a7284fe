package federation

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Every ticket that a peer is caught at is counted and the last one shown; the log has a
// line per minute and peer.
func TestCaughtIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		w := newTrio(t, func(o *Options) { o.Log = func(line string, _ error) { lines = append(lines, line) } })
		for range 100 {
			w.Caught("SER", "a stamp of 1970")
			w.Caught("MAR", "this company's own")
			time.Sleep(time.Second)
		}
		w.Caught("SER", "two stamps")
		if k := w.view("SER").Caught; k.Count != 101 || k.What != "two stamps" || !k.At.Equal(time.Now()) {
			t.Errorf("%+v", k)
		}
		if k := w.view("CAJ").Caught; k != (Caught{}) {
			t.Errorf("CAJ: %+v", k)
		}
		if len(lines) != 2 || !strings.Contains(lines[0], "SER was caught 1 times") || !strings.Contains(lines[0], "peers suspend SER") {
			t.Errorf("logged %q", lines)
		}
	})
}

// The faults: a stop is taken, or planned, at a suspended peer; or one that is held there
// can no longer be renewed, confirmed or released.
func TestNothingNewIsTakenAtASuspendedPeer(t *testing.T) {
	w := newTrio(t, func(o *Options) {
		o.Suspended = func(id charging.CompanyID) string {
			if id == "SER" {
				return "stamps of 1970"
			}
			return ""
		}
	})
	ctx := t.Context()
	c, err := w.Company("SER")
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(context.Context, charging.HoldRequest) (charging.Reservation, error){"reserve": c.Reserve, "claim": c.Claim} {
		_, err := call(ctx, charging.HoldRequest{Ref: charging.Ref{EVSEID: "BR*SER*E0001*1"}})
		if !errors.Is(err, charging.CodeEVSEOutOfService) || !errors.Is(err, charging.ErrNotSent) || w.ser.count(name) != 0 {
			t.Errorf("%s: %v, asked %d times", name, err, w.ser.count(name))
		}
	}
	if err := w.confirm(ctx, t, "SER"); err != nil {
		t.Errorf("confirm: %v", err)
	}
	span := charging.NewWindow(time.Now(), time.Now().Add(time.Hour))
	free, missing := w.Availability(ctx, []charging.EVSEID{"BR*SER*E0001*1"}, span)
	if len(free) != 0 || len(missing) != 0 {
		t.Errorf("free %v, missing %v", free, missing)
	}
	free, _, missing = w.Calendars(ctx, []charging.EVSEID{"BR*SER*E0001*1"}, span, span)
	if len(free) != 0 || len(missing) != 0 || w.ser.count("availability") != 0 {
		t.Errorf("calendars %v, missing %v", free, missing)
	}
}
