package app

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// raw is a calendar as redis-cli tells it: its entries, and what each lock has left.
type raw struct {
	entries map[charging.ReservationID]string // kind|end, start
	left    map[charging.ReservationID]time.Duration
}

// reading is one moment of an EVSE's calendar: each entry with its start, and what its
// lock has left.
const reading = `local out = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #out, 2 do out[i + 1] = out[i + 1] .. '|' .. redis.call('PTTL', ARGV[1] .. string.match(out[i], '[^|]*$')) end
return out`

// look reads an EVSE's cal: and its lock: by redis-cli.
func look(t *testing.T, addr string, home charging.LocationID, evse charging.EVSEID) raw {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "redis-cli", "-p", port, "eval", reading, "1",
		fmt.Sprintf("cal:{%s}:%s", home, evse), fmt.Sprintf("lock:{%s}:%s:", home, evse)).Output()
	if err != nil {
		t.Fatal(err)
	}
	r := raw{map[charging.ReservationID]string{}, map[charging.ReservationID]time.Duration{}}
	lines := strings.Fields(string(out))
	for i := 0; i+1 < len(lines); i += 2 {
		parts := strings.SplitN(lines[i], "|", 3)
		start, left, _ := strings.Cut(lines[i+1], "|")
		ms, err := strconv.Atoi(left)
		if err != nil || len(parts) != 3 {
			t.Fatal(lines, err)
		}
		if parts[0] == "H" && ms < 0 { // it has lapsed, and nobody has tidied yet
			continue
		}
		id := charging.ReservationID(parts[2])
		r.entries[id] = parts[0] + "|" + parts[1] + "|" + start
		if parts[0] == "H" {
			r.left[id] = time.Duration(ms) * time.Millisecond
		}
	}
	return r
}

// differs says what of a calendar is not as redis-cli told just before and just after.
func differs(c api.Calendar, before, after raw) (wrong []string) {
	shown := map[charging.ReservationID]string{}
	for _, b := range c.Entries {
		kind, start := "R", b.Start
		if b.State == charging.Claimed || b.State == charging.Pending {
			kind = "H"
			least, most := after.left[b.ReservationID], before.left[b.ReservationID]
			left := time.Duration(b.TTLMillis) * time.Millisecond
			if left < least-time.Second || left > most+time.Second || time.Until(b.ExpiresAt)-least > time.Second {
				wrong = append(wrong, fmt.Sprintf("%s counts down from %s, the lock had %s and has %s", b.ReservationID, left, most, least))
			}
		}
		if b.PluggedIn && b.Session.StartedAt.Before(start) { // it has its place from the plug on
			start = b.Session.StartedAt
		}
		shown[b.ReservationID] = fmt.Sprintf("%s|%d|%d", kind, b.End.Unix(), start.Unix())
	}
	for id, e := range after.entries {
		if shown[id] != e {
			wrong = append(wrong, fmt.Sprintf("redis has %s as %s, the calendar %q", id, e, shown[id]))
		}
	}
	for id, e := range shown {
		if after.entries[id] == "" {
			wrong = append(wrong, fmt.Sprintf("the calendar has %s as %s, redis has not", id, e))
		}
	}
	return wrong
}

// crowd books, releases, plugs in and withdraws until its context ends. What it has
// asked for it leaves alone for a while.
type crowd struct {
	at    *App
	evses []charging.EVSEID
	rnd   *rand.Rand
	had   []charging.Ref
}

var crowdIDs atomic.Int64

// quiet is how many acts lie between two on the same reservation, at least.
const quiet = 8

func (k *crowd) one(ctx context.Context) {
	d := k.at.rooms.desk
	if len(k.had) < quiet || k.rnd.IntN(3) == 0 {
		k.had = append(k.had, k.books(ctx))
		return
	}
	ref := k.had[0]
	k.had = k.had[1:]
	var err error
	switch n := k.rnd.IntN(40); {
	case n < 14:
		_, err = d.Confirm(ctx, ref)
	case n < 20:
		_, err = d.Start(ctx, ref, charging.Arrival{})
	case n < 30:
		_, err = d.Compensate(ctx, ref)
	case n < 36:
		_, err = d.Complete(ctx, ref, charging.Leaving{EnergyKWh: 1})
	case n == 36:
		_, _ = d.Withdraw(ctx, ref.EVSEID, "POWER_OUTAGE")
		err = d.ReturnToService(ctx, ref.EVSEID)
	}
	if err == nil && k.rnd.IntN(2) == 0 {
		k.had = append(k.had, ref)
	}
}

// books asks for half an hour, one in four times for one that begins at once.
func (k *crowd) books(ctx context.Context) charging.Ref {
	start := time.Now().UTC().Truncate(time.Minute).Add(time.Minute)
	if k.rnd.IntN(4) > 0 {
		start = start.Add(time.Duration(k.rnd.IntN(48)*30) * time.Minute)
	}
	n := crowdIDs.Add(1)
	h := charging.HoldRequest{
		Ref: charging.Ref{
			ID: charging.ReservationID(fmt.Sprintf("0190a0c0-0000-7000-8000-%012d", n)), TripID: charging.TripID(fmt.Sprintf("0190a0c0-0000-7000-8001-%012d", n)), Origin: "SER",
			EVSEID: k.evses[k.rnd.IntN(len(k.evses))], End: start.Add(30 * time.Minute), Epoch: 1,
		},
		Leg: 2, Start: start, VehicleID: charging.VehicleID(fmt.Sprintf("EV-%04d", k.rnd.IntN(9000))), TTL: time.Duration(1+k.rnd.IntN(20)) * time.Second,
	}
	_, _ = k.at.rooms.desk.Reserve(ctx, h)
	return h.Ref
}

func (k *crowd) run(ctx context.Context) {
	pace := time.NewTicker(15 * time.Millisecond)
	defer pace.Stop()
	for ctx.Err() == nil {
		k.one(ctx)
		select {
		case <-ctx.Done():
		case <-pace.C:
		}
	}
}

// What GET /api/v1/calendars says is what redis-cli says of cal: and lock:, at 50
// moments of a company that is being booked, and each countdown is its lock's. It fails
// where an entry is left out, invented, or shown at another time, and where a countdown
// is not PTTL's.
func TestCalendarsAreWhatRedisHas(t *testing.T) {
	if _, err := exec.LookPath("redis-cli"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("LEFT OUT: no redis-cli here")
	}
	o := good()
	o.Peers, o.Store, o.RateLimit, o.Limits = nil, Store{Kind: StoreRedis, Dir: t.TempDir()}, -1, &charging.Limits{}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, a) })
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	homes, evses := map[charging.EVSEID]charging.LocationID{}, []charging.EVSEID{}
	for _, l := range a.rooms.desk.Locations(t.Context())[:4] {
		for _, e := range l.EVSEs {
			homes[e.ID], evses = l.ID, append(evses, e.ID)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	t.Cleanup(cancel)
	for seed := range uint64(3) {
		k := &crowd{at: a, evses: evses, rnd: rand.New(rand.NewPCG(seed, 13))}
		wg.Go(func() { k.run(ctx) })
	}
	operator, err := client.NewDriver(client.DriverOptions{BaseURL: a.URL(), User: "operator", Secret: o.OperatorSecret})
	if err != nil {
		t.Fatal(err)
	}
	compared, entries, holds := 0, 0, 0
	for deadline := time.Now().Add(4 * time.Minute); compared < 50 && time.Now().Before(deadline); {
		evse := evses[rand.IntN(len(evses))]
		begun, before := time.Now(), look(t, a.StoreAddr(), homes[evse], evse)
		all, err := operator.Calendars(t.Context(), charging.Window{Start: time.Now().Add(-time.Hour), End: time.Now().Add(30 * 24 * time.Hour)}, homes[evse])
		if err != nil {
			t.Fatal(err)
		}
		after := look(t, a.StoreAddr(), homes[evse], evse)
		if fmt.Sprint(before.entries) != fmt.Sprint(after.entries) || time.Since(begun) > quiet*15*time.Millisecond {
			continue // booked meanwhile, or it could have been: no one moment
		}
		i := slices.IndexFunc(all.Calendars, func(c api.Calendar) bool { return c.EVSEID == evse })
		for _, wrong := range differs(all.Calendars[i], before, after) {
			t.Error(wrong)
		}
		compared, entries, holds = compared+1, entries+len(after.entries), holds+len(after.left)
	}
	if compared < 50 || entries < 100 || holds < 20 {
		t.Errorf("compared %d moments with %d entries and %d holds: too few to say anything", compared, entries, holds)
	}
	t.Logf("%d moments, %d entries, %d holds", compared, entries, holds)
}
