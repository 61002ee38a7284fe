package load

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

var companies = []charging.CompanyID{"MAR", "SER", "CAJ"}

func sites(evses ...int) []api.Location {
	var out []api.Location
	for i, c := range companies {
		l := api.Location{CompanyID: c}
		for e := range evses[i] {
			l.EVSEs = append(l.EVSEs, api.EVSE{EVSEID: charging.EVSEID(fmt.Sprintf("BR*%s*E%04d*1", c, e+1))})
		}
		out = append(out, l)
	}
	return out
}

// No two trips share an instant of an EVSE, nor a vehicle at a time.
func TestWindowsNeverMeet(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 1, 0, 0, time.UTC)
	w, err := NewWindows(sites(4, 3, 5), companies, now)
	if err != nil {
		t.Fatal(err)
	}
	type use struct {
		who   string
		start time.Time
	}
	taken := map[use]int{}
	for n := range 500 {
		stops := w.Stops(n)
		if len(stops) != 3 || !stops[0].Start.After(now) {
			t.Fatalf("trip %d: %+v", n, stops)
		}
		for k, s := range stops {
			if s.EVSEID.Company() != companies[k] || s.End.Sub(s.Start) != window || (k > 0 && s.Start.Before(stops[k-1].End)) {
				t.Fatalf("trip %d: %+v", n, stops)
			}
			for _, who := range []string{string(s.EVSEID), fmt.Sprint("vehicle ", n%w.Vehicles())} {
				if other, ok := taken[use{who, s.Start}]; ok {
					t.Fatalf("trips %d and %d both take %s at %s", other, n, who, s.Start)
				}
				taken[use{who, s.Start}] = n
			}
		}
	}
}

func TestWindowsNeedAllCompanies(t *testing.T) {
	if _, err := NewWindows(sites(4, 0, 5), companies, time.Now()); err == nil {
		t.Error("windows without EVSEs of SER")
	}
}

func TestRunCounts(t *testing.T) {
	w, err := NewWindows(sites(1, 1, 1), companies, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var next atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	r := Run(ctx, 2, time.Hour, w, &next, func(_ context.Context, n int, _ []api.Stop) (trip.State, error) {
		switch {
		case n >= 20:
			cancel()
			return "", context.Canceled
		case n == 3:
			return "", errors.New("no answer")
		case n == 4:
			return trip.Aborted, nil
		}
		return trip.Confirmed, nil
	})
	if r.Trips != 18 || r.Failed != 2 || r.Why == "" || r.Concurrency != 2 || r.PerSecond <= 0 {
		t.Errorf("%+v", r)
	}
}

func TestPercentile(t *testing.T) {
	var ds []time.Duration
	for i := 1; i <= 100; i++ {
		ds = append(ds, time.Duration(i)*time.Millisecond)
	}
	for p, want := range map[float64]float64{0.5: 51, 0.99: 100, 0: 1} {
		if got := percentile(ds, p); got != want {
			t.Errorf("p%g = %g, want %g", p*100, got, want)
		}
	}
	if percentile(nil, 0.5) != 0 {
		t.Error("a percentile of nothing")
	}
}
