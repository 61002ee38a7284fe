package desk

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
	"github.com/eletrovia/eletrovia/services/company/internal/store/embedded"
)

// One vehicle with stops of several trips at three companies plugs in, says it twice,
// unplugs, while servers die between their steps, questions wait and peers are silent,
// in any order of the steps: never two answered sessions of it, but where a peer was
// silent and that was noted; every answered session ends with one bill, its car's
// figure; VEHICLE_BUSY leaves a stop RESERVED and unbilled, and no plug stays open.
//
// ELETROVIA_SEED=n plays one schedule again. Seeded by hand, each of these made it
// fail: the peers are not asked; a contest does not make the later one yield; one that
// has yielded is answered; a plug that is refused is answered and not taken back; a
// round that finds an open plug answers it unasked.
func TestOneVehicleOverCompanies(t *testing.T) {
	server, err := embedded.Open(t.Context(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close(context.Background()) })
	f := newFederation(t, server.Addr())
	from, to := uint64(0), uint64(150)
	if os.Getenv("ELETROVIA_LONG") != "" {
		to = 5000
	}
	if only := os.Getenv("ELETROVIA_SEED"); only != "" {
		n, err := strconv.ParseUint(only, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		from, to = n, n+1
	}
	for seed := from; seed < to; seed++ {
		f.play(seed)
		if t.Failed() {
			t.Fatalf("seed %d (play it again with ELETROVIA_SEED):\n%s", seed, strings.Join(f.s.did, "\n"))
		}
	}
	t.Log(f.counts)
	for _, what := range []string{"plug", "repeat", "unplug", "crash", "silent", "lost", "busy", "has", "excused", "pass"} {
		if f.counts[what] == 0 && to-from > 1 {
			t.Errorf("no %s was ever played", what)
		}
	}
}

// garage is one of the companies.
type garage struct {
	*world
	st     *store.Store
	o      Options
	server int
	ahead  time.Duration // how far its clock is
}

// meeting is a federation, and the vehicle of the day.
type meeting struct {
	t      *testing.T
	addr   string
	s      *timetable
	cos    map[charging.CompanyID]*garage
	stops  []*stay
	n      int
	faulty bool // questions get lost, and servers die while they ask
	counts map[string]int
}

// stay is one of the vehicle's stops.
type stay struct {
	charging.HoldRequest
	silent map[charging.CompanyID]bool // peers that did not say whether the vehicle charges there
	under  int                         // errands about it that are not done
	alone  bool                        // there has been one of them at a time
	told   []float64                   // figures that its car has named
	bill   *float64                    // that its car was answered
}

func newFederation(t *testing.T, addr string) *meeting {
	f := &meeting{t: t, addr: addr, s: &timetable{reached: make(chan any)}, cos: map[charging.CompanyID]*garage{}, counts: map[string]int{}}
	for _, id := range federation {
		g := &garage{}
		g.world = newWorld(t, func(o *Options) {
			st, err := store.Open(t.Context(), store.Options{URL: "redis://" + addr, Prefix: string(id) + ":", Civil: o.Clock, PoolSize: 4})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = st.Close() })
			g.st, o.Company, o.Calendar, o.Garages, o.ContestTimeout = st, id, gated{st, f.s}, roads{f.s, id}, time.Minute
			loc := testLocations()[0]
			loc.ID, loc.Company = f.home(id), id
			loc.EVSEs = []charging.EVSE{{ID: f.plug(id, 1), Connectors: testPlug}, {ID: f.plug(id, 2), Connectors: testPlug}}
			o.Locations = []charging.Location{loc}
			g.o = *o
		})
		f.cos[id] = g
	}
	return f
}

func (f *meeting) home(id charging.CompanyID) charging.LocationID {
	return charging.LocationID("BR*" + string(id) + "*LJPA01")
}

func (f *meeting) plug(id charging.CompanyID, n int) charging.EVSEID {
	return charging.EVSEID(fmt.Sprintf("BR*%s*E0001*%d", id, n))
}

// play is a vehicle's day.
func (f *meeting) play(seed uint64) {
	*f.s = timetable{Rand: rand.New(rand.NewPCG(seed, 13)), reached: f.s.reached}
	f.stops = nil
	for _, co := range federation {
		f.cos[co].ahead = time.Duration(f.s.IntN(40)-20) * time.Second
	}
	for range 2 + f.s.IntN(2) {
		f.book(charging.VehicleID(fmt.Sprintf("EV-%04d", seed)))
	}
	f.faulty = f.s.IntN(2) == 0
	for _, s := range f.stops {
		f.plugIn(s)
	}
	for range 20 + f.s.IntN(60) {
		f.step()
		if f.judge(); f.t.Failed() {
			return
		}
	}
	f.goHome()
}

// book gives the vehicle a stop where it has none.
func (f *meeting) book(v charging.VehicleID) {
	co := federation[f.s.IntN(len(federation))]
	evse := f.plug(co, 1+f.s.IntN(2))
	if slices.ContainsFunc(f.stops, func(s *stay) bool { return s.EVSEID == evse }) {
		f.book(v)
		return
	}
	f.n++
	h := f.cos[co].request(f.n)
	h.EVSEID, h.VehicleID = evse, v
	h.Start, h.End = h.Start.Add(-24*time.Hour+5*time.Minute), h.End.Add(-24*time.Hour+5*time.Minute)
	f.cos[co].reserved(f.t, h)
	f.stops = append(f.stops, &stay{HoldRequest: h, silent: map[charging.CompanyID]bool{}})
}

func (f *meeting) step() {
	if len(f.s.waiting) > 0 && f.s.IntN(6) > 0 {
		f.goOn(f.s.next(), true)
		return
	}
	stop := f.stops[f.s.IntN(len(f.stops))]
	switch n := f.s.IntN(12); {
	case n < 6:
		f.plugIn(stop)
	case n < 8:
		f.unplug(stop, float64(1+f.s.IntN(50))/10) // less than its power allows at once
	case n < 9:
		f.crash(stop.EVSEID.Company())
	case n < 10:
		f.round(stop.EVSEID.Company())
	case f.s.going == 0:
		f.pass()
	}
}

// goOn lets one that waits take its step, or, with faults, ask in vain.
func (f *meeting) goOn(p *point, faults bool) {
	if p.take != nil {
		p.take <- true
		f.s.settle()
		return
	}
	fate := 0
	if faults && f.faulty {
		fate = f.s.IntN(8)
	}
	switch fate {
	case 1:
		f.silent(p, "silent")
		return
	case 3: // after start, before its peers have answered
		f.s.waiting = append(f.s.waiting, p)
		f.crash(p.co)
		return
	}
	g, k := f.cos[p.peer], p.k
	k.StartedAt = f.clocks(k.StartedAt, p.co, p.peer)
	var a said
	e := &errand{name: "contest of …" + string(p.k.ReservationID)[30:], co: p.peer, server: &g.server, born: g.server}
	e.done = func() {
		switch {
		case e.dead() || a.err != nil:
			f.silent(p, "silent")
		case fate == 2:
			f.silent(p, "lost")
		default:
			if a.busy {
				f.counts["has"]++
			}
			f.s.say(p, a)
		}
	}
	f.s.send(f.t.Context(), e, func(ctx context.Context) { a.busy, a.err = g.Contest(ctx, k) })
}

// clocks says when a session began, as the clock of one company has it, to another
// whose clock differs.
func (f *meeting) clocks(began string, by, to charging.CompanyID) string {
	us, err := strconv.ParseInt(began, 10, 64)
	if err != nil {
		f.t.Fatal(err)
	}
	return strconv.FormatInt(us+(f.cos[by].ahead-f.cos[to].ahead).Microseconds(), 10)
}

// silent leaves a question without an answer.
func (f *meeting) silent(p *point, how string) {
	f.counts[how]++
	for _, s := range f.stops {
		if s.ID == p.k.ReservationID {
			s.silent[p.peer] = true
		}
	}
	f.s.say(p, said{err: errDead})
}

// about sends an errand about a stop.
func (f *meeting) about(what string, s *stay, do func(context.Context, *garage) (charging.Reservation, error), then func(charging.Reservation, error)) {
	f.counts[what]++
	f.s.did = append(f.s.did, fmt.Sprintf("%s at %s …%s", what, s.EVSEID, s.ID[30:]))
	g := f.cos[s.EVSEID.Company()]
	e := &errand{name: what, co: s.EVSEID.Company(), server: &g.server, born: g.server}
	var res charging.Reservation
	var err error
	s.begin()
	e.done = func() {
		s.under--
		f.s.did = append(f.s.did, fmt.Sprintf("  %s %s: done, %s %v (dead: %t)", e.co, what, res.State, err, e.dead()))
		if !e.dead() {
			then(res, err)
		}
	}
	f.s.send(f.t.Context(), e, func(ctx context.Context) { res, err = do(ctx, g) })
}

// begin an errand about it. The answer to one that others were about the stop beside
// may be about an earlier moment.
func (s *stay) begin() {
	s.alone = s.under == 0
	s.under++
}

func (f *meeting) plugIn(s *stay) {
	what := "plug"
	if s.under > 0 || f.is(s).State != charging.Reserved {
		what = "repeat"
	}
	f.about(what, s, func(ctx context.Context, g *garage) (charging.Reservation, error) {
		return g.Start(ctx, s.Ref, charging.Arrival{})
	}, func(res charging.Reservation, err error) {
		now := f.is(s)
		switch {
		case err == nil && res.State == charging.Reserved, err == nil && res.Open:
			f.t.Errorf("a plug is answered by %s, open %t", res.State, res.Open)
		case charging.CodeOf(err) == charging.CodeVehicleBusy:
			f.counts["busy"]++
			if s.alone && (now.State != charging.Reserved || now.Session != nil) {
				f.t.Errorf("VEHICLE_BUSY leaves …%s %s, open %t, %+v", s.ID[30:], now.State, now.Open, now.Session)
			}
		}
	})
}

func (f *meeting) unplug(s *stay, kWh float64) {
	s.told = append(s.told, kWh)
	f.about("unplug", s, func(ctx context.Context, g *garage) (charging.Reservation, error) {
		return g.Complete(ctx, s.Ref, charging.Leaving{EnergyKWh: kWh})
	}, func(res charging.Reservation, err error) {
		if err == nil && s.bill == nil {
			s.bill = &res.Session.EnergyKWh
		}
	})
}

// crash ends a company's server; another one takes its place.
func (f *meeting) crash(co charging.CompanyID) {
	f.counts["crash"]++
	f.s.did = append(f.s.did, "crash of "+string(co))
	g := f.cos[co]
	g.server++
	for {
		k := slices.IndexFunc(f.s.waiting, func(p *point) bool { return p.dead() })
		if k < 0 {
			break
		}
		if p := f.s.pick(k); p.take != nil {
			p.take <- false
			f.s.settle()
		} else {
			f.s.say(p, said{err: errDead})
		}
	}
	d, err := New(g.o)
	if err != nil {
		f.t.Fatal(err)
	}
	g.Desk = d
}

// round is a company's, which decides plugs that have been open for long.
func (f *meeting) round(co charging.CompanyID) {
	f.s.did = append(f.s.did, "round of "+string(co))
	g := f.cos[co]
	e := &errand{name: "round", co: co, server: &g.server, born: g.server}
	its := slices.DeleteFunc(slices.Clone(f.stops), func(s *stay) bool { return s.EVSEID.Company() != co })
	for _, s := range its {
		s.begin()
	}
	e.done = func() {
		for _, s := range its {
			s.under--
		}
	}
	f.s.send(f.t.Context(), e, func(ctx context.Context) { _ = g.tidying.tidy(ctx, f.home(co)) })
}

// older makes an open plug, and its vehicle's claim, older.
// KEYS  1 car  2 rsv
// ARGV  1 by how much (ms)  2 reservation
const older = `
local asked = redis.call('HGET', KEYS[2], 'asked')
if asked then redis.call('HSET', KEYS[2], 'asked', string.format('%.0f', asked - ARGV[1])) end
local rid, where, began, state = string.match(redis.call('GET', KEYS[1]) or '', '^([^|]*)(|.*|)(%d+)(|%a+)$')
if rid == ARGV[2] then
  redis.call('SET', KEYS[1], rid .. where .. string.format('%.0f', began - ARGV[1] * 1000) .. state, 'PX', 3600000)
end
return 1`

// pass lets more time pass than a plug may be open, by making all that is noted older.
func (f *meeting) pass() {
	f.counts["pass"]++
	f.s.did = append(f.s.did, "time passes")
	by := strconv.FormatInt((charging.OpenPlug + time.Second).Milliseconds(), 10)
	for _, s := range f.stops {
		prefix := string(s.EVSEID.Company()) + ":"
		car, rsv := prefix+"car:{"+string(s.VehicleID)+"}", prefix+"rsv:{"+string(f.home(s.EVSEID.Company()))+"}:"+string(s.ID)
		redisDo(f.t, f.addr, "EVAL", older, "2", car, rsv, by, string(s.ID))
	}
}
