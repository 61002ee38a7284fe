package desk

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// TestALongWindow: by the connector and by the site's terms, for what is new and for
// what is moved; a repeat of what was granted under other limits is answered.
func TestALongWindow(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Limits = charging.Limits{LongestDC: 4 * time.Hour, LongestAC: 12 * time.Hour}
		o.Locations[0].EVSEs[1].Connectors = []charging.Connector{{ID: "1", Standard: "IEC_62196_T2", PowerKW: 22}}
	})
	ask := func(n int, evse charging.EVSEID, long time.Duration) error {
		h := w.request(n)
		h.EVSEID, h.End = evse, h.Start.Add(long)
		_, err := w.Reserve(t.Context(), h)
		return err
	}
	for n, c := range []struct {
		evse charging.EVSEID
		long time.Duration
		code charging.Code
	}{
		{evse1, 4*time.Hour + time.Second, charging.CodeInvalidWindow}, {evse1, 4 * time.Hour, ""},
		{evse2, 12*time.Hour + time.Second, charging.CodeInvalidWindow}, {evse2, 12 * time.Hour, ""},
	} {
		if err := ask(n+1, c.evse, c.long); charging.CodeOf(err) != c.code {
			t.Errorf("%s for %s: %v, want %q", c.evse, c.long, err, c.code)
		}
	}
	h := w.request(9)
	h.Start, h.End = h.Start.Add(24*time.Hour), h.Start.Add(28*time.Hour)
	w.reserved(t, h)
	_, err := w.Move(t.Context(), charging.Move{Ref: h.Ref, Seq: 1, To: charging.NewWindow(h.Start, h.End.Add(time.Second))})
	if charging.CodeOf(err) != charging.CodeInvalidWindow {
		t.Errorf("moved to more than 4 h: %v", err)
	}

	w.o.Limits.LongestDC = time.Hour
	if _, err := w.Reserve(t.Context(), h); err != nil {
		t.Errorf("a repeat after the limit was lowered: %v", err)
	}
}

// TestTheSitesTermsAreTheInnerBound.
func TestTheSitesTermsAreTheInnerBound(t *testing.T) {
	limits := charging.DefaultLimits()
	dc := charging.EVSE{Connectors: testPlug}
	for _, c := range []struct {
		limits charging.Limits
		terms  time.Duration
		want   time.Duration
	}{
		{limits, 0, 4 * time.Hour}, {limits, 2 * time.Hour, 2 * time.Hour}, {limits, 9 * time.Hour, 4 * time.Hour},
		{charging.Limits{}, 0, charging.MaxWindow}, {charging.Limits{LongestDC: 48 * time.Hour}, 0, charging.MaxWindow},
	} {
		if got := c.limits.Longest(dc, charging.Terms{LongestWindow: c.terms}); got != c.want {
			t.Errorf("limit %s, terms %s: %s, want %s", c.limits.LongestDC, c.terms, got, c.want)
		}
	}
}
