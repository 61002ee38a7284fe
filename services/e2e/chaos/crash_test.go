package chaos

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

//go:embed testdata/crash.go.txt
var crashSource string

// crashing are the edits that make a server which kills itself at the n-th step
// of its sagas: before or after a journal write or a remote call. No server that
// is shipped can be told to do so.
var crashing = []fleet.Edit{
	{File: "services/company/app/crash.go", New: crashSource},
	{
		File: "services/company/app/wire.go",
		Old:  "o.Journal, o.Companies, o.Alternatives = a.rooms.store, a.rooms.federation, advisor",
		New:  "o.Journal, o.Companies, o.Alternatives = crashingJournal{a.rooms.store}, crashingCompanies{a.rooms.federation}, advisor",
	},
}

// TestCrashAtEveryStep kills the real originating server (SIGKILL) at each step
// of a booking, and of a booking that must be undone, and lets it start again.
func TestCrashAtEveryStep(t *testing.T) {
	t.Parallel()
	built(t)
	bin := filepath.Join(short(t), "crashing")
	if err := fleet.Build(t.Context(), workspace, bin, crashing...); err != nil {
		t.Fatal(err)
	}
	for _, path := range []struct {
		name   string
		taken  bool // the last stop is booked already
		want   trip.State
		points int // at least
	}{
		{"confirm", false, trip.Confirmed, 20},
		{"compensate", true, trip.Aborted, 16},
	} {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			c := newCrashes(t, bin)
			n := 1
			for c.die(n, path.taken, path.want) {
				n++
			}
			t.Logf("%d crash points: %s", n-1, c.steps())
			if n-1 < path.points {
				t.Errorf("only %d crash points", n-1)
			}
			c.judge()
		})
	}
}

// crashes is one fleet whose MAR dies at chosen steps.
type crashes struct {
	t   *testing.T
	r   *run
	bin string
	d   *driver
	log string
}

func newCrashes(t *testing.T, bin string) *crashes {
	dir := short(t)
	r := newRun(Options{Seed: 1, Dir: dir, Binary: bin, Nemeses: -1}.withDefaults())
	var err error
	r.fleet, err = fleet.New(fleet.Options{
		Binary: bin, Dir: dir, Observe: r.observe, Args: []string{"--lease", "700ms", "--call-timeout", "600ms"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.fleet.Close)
	if err := r.ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &crashes{t: t, r: r, bin: bin, d: newDriver(0, r), log: filepath.Join(dir, "steps")}
}

// die books one trip at MAR, which kills itself at step n, and waits for its end.
// It reports whether there was such a step.
func (x *crashes) die(n int, taken bool, want trip.State) bool {
	x.t.Helper()
	mar := x.r.fleet.Company["MAR"].Servers[0]
	stops := x.stops(n)
	if taken {
		x.take(stops[2])
	}
	ctx, cancel := context.WithTimeout(x.t.Context(), time.Minute)
	defer cancel()
	mar.Kill()
	mar.Use(x.bin, fmt.Sprintf("CHAOS_CRASH_AT=%d", n), "CHAOS_CRASH_LOG="+x.log)
	if err := mar.Start(ctx); err != nil {
		x.t.Fatal(err)
	}
	mar.Use(x.bin) // the next life does not die
	deaths := mar.Deaths.Load()
	got := x.book(ctx, "MAR", fmt.Sprintf("crash-%d", n), stops)
	if got.State != want {
		x.t.Errorf("step %d: the trip %s ended %s, want %s: %+v", n, got.ID, got.State, want, got.Problem)
	}
	return mar.Deaths.Load() > deaths
}

// stops of the n-th trip: one at each company, in windows of its own.
func (x *crashes) stops(n int) []history.Slot {
	var all []history.Slot
	p := x.r.course.at(0)
	for k, id := range fleet.Companies {
		start := p.base.Add(time.Duration(n*4+k) * windowLength)
		all = append(all, history.Slot{EVSE: p.evses[id][0], Window: charging.NewWindow(start, start.Add(windowLength))})
	}
	return all
}

// take books a slot for somebody else, at the company that does not die.
func (x *crashes) take(s history.Slot) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.t.Context(), time.Minute)
	defer cancel()
	if got := x.book(ctx, "SER", "taken-"+s.Window.String(), []history.Slot{s}); got.State != trip.Confirmed {
		x.t.Fatalf("%s %+v", got.State, got.Problem)
	}
}

// book makes a trip and waits until it is settled, whatever dies meanwhile.
func (x *crashes) book(ctx context.Context, home charging.CompanyID, key string, stops []history.Slot) trip.Trip {
	x.t.Helper()
	c := x.d.register(ctx, home)
	if c == nil {
		x.t.Fatal("no vehicle")
	}
	q := api.TripRequest{VehicleID: c.id, OnConflict: trip.Abort}
	for _, s := range stops {
		q.Stops = append(q.Stops, api.Stop{EVSEID: s.EVSE, Start: s.Window.Start, End: s.Window.End})
	}
	o := history.Op{Kind: history.Create, Key: key, Policy: q.OnConflict, Stops: stops}
	for ctx.Err() == nil {
		t, did := x.d.did(o, c, func(ctx context.Context) (trip.Trip, error) { return x.d.api(c).CreateTrip(ctx, q, key, settleWait) })
		if did.Answered && !did.OK() {
			x.t.Fatalf("%s: refused %s", key, did.Code)
		}
		if t.State.Settled() {
			return t
		}
		x.r.pause(ctx, 30*time.Millisecond)
	}
	x.t.Fatalf("%s: not settled: %v", key, ctx.Err())
	return trip.Trip{}
}

// steps lists where the server died.
func (x *crashes) steps() string {
	raw, err := os.ReadFile(x.log)
	if err != nil {
		x.t.Fatal(err)
	}
	return strings.ReplaceAll(strings.TrimSpace(string(raw)), "\n", ", ")
}

func (x *crashes) judge() {
	x.t.Helper()
	if err := x.r.rest(x.t.Context()); err != nil {
		x.t.Fatal(err)
	}
	rep, err := x.r.judge(x.t.Context(), nil)
	if err != nil {
		x.t.Fatal(err)
	}
	for _, v := range rep.Verdict.Violations {
		x.t.Error(v)
	}
}
