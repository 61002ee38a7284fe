package desk

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
	"github.com/eletrovia/eletrovia/services/company/internal/store/embedded"
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
		{evse1, 4*time.Hour + time.Second, charging.CodeInvalidWindow},
		{evse1, 4 * time.Hour, ""},
		{evse2, 12*time.Hour + time.Second, charging.CodeInvalidWindow},
		{evse2, 12 * time.Hour, ""},
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

	w.ground.o.Limits.LongestDC = time.Hour
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
		{limits, 0, 4 * time.Hour},
		{limits, 2 * time.Hour, 2 * time.Hour},
		{limits, 9 * time.Hour, 4 * time.Hour},
		{charging.Limits{}, 0, charging.MaxWindow},
		{charging.Limits{LongestDC: 48 * time.Hour}, 0, charging.MaxWindow},
	} {
		if got := c.limits.Longest(dc, charging.Terms{LongestWindow: c.terms}); got != c.want {
			t.Errorf("limit %s, terms %s: %s, want %s", c.limits.LongestDC, c.terms, got, c.want)
		}
	}
}

// TestManyStrangersTakeLittle: 91 vehicles that nobody knows, each with a trip of eight
// long stops, have after all their tries what the limits let them, by another
// company's server or by the own one.
func TestManyStrangersTakeLittle(t *testing.T) {
	server, err := embedded.Open(t.Context(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close(context.Background()) })
	const plugs, strangers, week = 8, 91, 7 * 24 * time.Hour
	for _, c := range []struct {
		origin charging.CompanyID
		most   time.Duration
	}{
		{"SER", plugs * 14 * 24 * time.Hour / 4}, // a quarter of 14 days
		{"MAR", strangers * 12 * time.Hour},
	} {
		t.Run(string(c.origin), func(t *testing.T) {
			w := newWorld(t, func(o *Options) {
				o.Limits = charging.DefaultLimits()
				s, err := store.Open(t.Context(), store.Options{URL: "redis://" + server.Addr(), Prefix: string(c.origin) + ":", Civil: o.Clock, Limits: o.Limits})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = s.Close() })
				o.Calendar = s
				o.Locations = o.Locations[:1]
				o.Locations[0].EVSEs = nil
				for n := range plugs {
					o.Locations[0].EVSEs = append(o.Locations[0].EVSEs, charging.EVSE{ID: charging.EVSEID(fmt.Sprintf("BR*MAR*E%04d*1", n+1)), Connectors: testPlug})
				}
			})
			id := 0
			took := map[charging.VehicleID]time.Duration{}
			take := func(long time.Duration) (refused map[charging.Code]int) {
				refused = map[charging.Code]int{}
				for v := range strangers {
					for leg := range 8 {
						h := w.request(id + 1)
						at := time.Duration(id) * long
						id++
						h.EVSEID = charging.EVSEID(fmt.Sprintf("BR*MAR*E%04d*1", int(at/week)%plugs+1))
						h.Start = h.Start.Add(at % week)
						h.End, h.Origin, h.Leg = h.Start.Add(long), c.origin, leg+2
						h.TripID, h.VehicleID = w.request(10_000+v).TripID, charging.VehicleID(fmt.Sprintf("EV-stranger-%d", v))
						if _, err := w.Reserve(t.Context(), h); err != nil {
							refused[charging.CodeOf(err)]++
							continue
						}
						if _, err := w.Confirm(t.Context(), h.Ref); err != nil {
							t.Fatal(err)
						}
						took[h.VehicleID] += long
					}
				}
				return refused
			}
			if refused := take(24 * time.Hour); refused[charging.CodeInvalidWindow] != strangers*8 {
				t.Fatalf("windows of 24 h: %v", refused)
			}
			refused := take(4 * time.Hour)
			total := time.Duration(0)
			for v, had := range took {
				total += had
				if had > 12*time.Hour {
					t.Errorf("%s has %s", v, had)
				}
			}
			if total > c.most || total < c.most*3/4 || refused[charging.CodeQuotaExceeded] == 0 {
				t.Errorf("the strangers have %s, the limits say %s; refused %v", total, c.most, refused)
			}
		})
	}
}
