package desk

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// Whatever cars, drivers, operators, inventories and the clock do at a company's
// EVSEs, in any order, and however often its server starts anew: never two cars at one
// plug, never two sessions of one vehicle, never two bookings of one window, every
// figure that was accepted on exactly one bill, nothing booked that cannot be found,
// and every lost stop told to its originator.
//
// Seeded by hand, each of these made it fail: the desk takes an EVSE's present location
// for its home; what has left is forgotten with its last booking (which was so, and left
// a car's figure without a bill); start.lua does not look who is at the plug; a vehicle's
// claim that is another's is not refused.
func TestSessionsOverInventoryChanges(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world, _ string) {
		counts, steps := map[string]int{}, 400
		if strings.HasSuffix(t.Name(), "miniredis") {
			steps = 150 // it is slow
		}
		for seed := range uint64(3) {
			y := &yard{
				world: w, t: t, Rand: rand.New(rand.NewPCG(seed, 12)), st: w.ground.o.Calendar.(dated).Calendar.(*store.Store),
				at: map[charging.EVSEID]string{evse1: "LJPA01", evse2: "LJPA01"}, counts: counts, first: int(seed+1) * 10_000,
			}
			w.advance(w.now().Truncate(time.Hour).Add(time.Hour + time.Second).Sub(w.now())) // schedules are the same at any time of day
			y.restart()
			for _, evse := range []charging.EVSEID{evse1, evse2} {
				if err := y.ReturnToService(t.Context(), evse); err != nil {
					t.Fatal(err)
				}
			}
			for range steps {
				if y.step(); t.Failed() {
					t.Fatalf("seed %d, after\n%s", seed, strings.Join(y.did[max(0, len(y.did)-60):], "\n"))
				}
			}
			y.end()
			if t.Failed() {
				t.Fatalf("seed %d, at the end of\n%s", seed, strings.Join(y.did, "\n"))
			}
		}
		t.Log(counts)
		if steps > 200 && counts["no-show"] == 0 {
			t.Error("nobody ever stayed away")
		}
		for _, what := range []string{"plug", "unplug", "shift", "swap", "cancel", "withdraw", "restore", "decide", "inventory", "idle", "crash"} {
			if counts[what] == 0 && steps > 200 {
				t.Errorf("no %s was ever played", what)
			}
		}
	})
}

// yard is a company whose inventory changes.
type yard struct {
	*world
	*rand.Rand
	t      *testing.T
	st     *store.Store
	at     map[charging.EVSEID]string // where it is offered; empty: nowhere
	homes  []charging.LocationID      // that there ever were
	stops  []*booking
	first  int // of this yard's ids
	moves  int64
	box    *outbox
	counts map[string]int
	did    []string
}

// booking is a stop as its originator knows it.
type booking struct {
	charging.HoldRequest
	is       charging.Reservation
	released bool    // by its trip
	billed   bool    // by its car's word
	kWh      float64 // that were billed
	lost     bool    // and nobody has decided yet
}

// restart is a crash of the server, and its start.
func (y *yard) restart() {
	o := y.ground.o
	o.Calendar, o.Locations = y.st, nil
	d, err := New(o)
	if err != nil {
		y.t.Fatal(err)
	}
	y.Desk, y.box = d, &outbox{notices: d.notices, tried: map[charging.ReservationID]retry{}}
	y.settle()
}

// settle compares the inventory with the store as the server does at its start, at a
// reload and every minute (docs/adr/0012-inventories-change.md).
func (y *yard) settle() {
	ctx := y.t.Context()
	known, inv := y.enrolled(), Inventory{Homes: map[charging.EVSEID]charging.LocationID{}}
	homes := map[charging.EVSEID]charging.LocationID{}
	for id, k := range known {
		homes[id], inv.Homes[id] = k.Home, k.Home
	}
	booked, err := y.st.Booked(ctx, homes)
	if err != nil {
		y.t.Fatal(err)
	}
	for id, k := range known {
		switch b := booked[id]; {
		case y.at[id] != "":
			inv.Locations = offering(inv.Locations, k.Location)
		case y.st.Over(k):
			if err := y.st.Disenroll(ctx, id); err != nil {
				y.t.Fatal(err)
			}
		default:
			inv.Left = append(inv.Left, k.Location)
			if b.Entries+b.Notices == 0 {
				y.counts["idle"]++
				k.Idle = time.Now()
			} else {
				k.Idle = time.Time{}
			}
			if err := y.st.Enroll(ctx, map[charging.EVSEID]store.Enrolled{id: k}); err != nil {
				y.t.Fatal(err)
			}
		}
	}
	if err := y.Reload(inv); err != nil {
		y.t.Fatal(err)
	}
}

// enrolled notes what is offered, and tells all that is known.
func (y *yard) enrolled() map[charging.EVSEID]store.Enrolled {
	ctx, fresh := y.t.Context(), map[charging.EVSEID]store.Enrolled{}
	for id, at := range y.at {
		if l := testLocations()[0]; at != "" {
			l.ID, l.EVSEs = charging.LocationID("BR*MAR*"+at), []charging.EVSE{{ID: id, Connectors: testPlug}}
			fresh[id] = store.Enrolled{Home: l.ID, Location: l}
		}
	}
	if err := y.st.Enroll(ctx, fresh); err != nil {
		y.t.Fatal(err)
	}
	known, err := y.st.Enrolled(ctx)
	if err != nil {
		y.t.Fatal(err)
	}
	for _, k := range known {
		if !slices.Contains(y.homes, k.Home) {
			y.homes = append(y.homes, k.Home)
		}
	}
	return known
}

// offering adds a location's EVSE to those that are there.
func offering(list []charging.Location, l charging.Location) []charging.Location {
	for i := range list {
		if list[i].ID == l.ID {
			list[i].EVSEs = append(list[i].EVSEs, l.EVSEs...)
			return list
		}
	}
	return append(list, l)
}

func (y *yard) step() {
	steps := []struct {
		name string
		do   func(*booking) error
	}{
		{"book", y.book},
		{"book", y.book},
		{"book", y.book},
		{"book", y.book},
		{"book", y.book},
		{"book", y.book},
		{"plug", y.plug},
		{"plug", y.plug},
		{"plug", y.plug},
		{"plug", y.plug},
		{"plug", y.plug},
		{"plug", y.plug},
		{"unplug", y.unplug},
		{"unplug", y.unplug},
		{"shift", y.shift},
		{"swap", y.swap},
		{"cancel", y.cancel},
		{"withdraw", y.withdraw},
		{"restore", y.restore},
		{"restore", y.restore},
		{"decide", y.decide},
		{"inventory", y.inventory},
		{"inventory", y.inventory},
		{"review", func(*booking) error { y.settle(); return nil }},
		{"crash", func(*booking) error { y.restart(); return nil }},
		{"wait", y.wait},
		{"wait", y.wait},
		{"wait", y.wait},
	}
	s, b := steps[y.IntN(len(steps))], y.someone()
	if rare := s.name == "withdraw" || s.name == "cancel" || s.name == "unplug"; rare && y.IntN(2) > 0 {
		return
	}
	if b == nil {
		s, b = steps[0], &booking{}
	}
	err := s.do(b)
	code := charging.CodeOf(err)
	y.did = append(y.did, fmt.Sprintf("%s %s …%s at %s %v: %v", y.now().UTC().Format("15:04"), s.name, tail(b), b.EVSEID, y.at, err))
	switch {
	case err != nil && code == "":
		y.t.Error(err)
	case b.is.State.Booked() && slices.Contains(known, s.name) && slices.Contains(lost, code):
		y.t.Errorf("%s of a stop that is %s: %v", s.name, b.is.State, err)
	case err == nil:
		y.counts[s.name]++
	}
	y.judge()
}

// known are what is asked of a stop that is there, lost how a company refuses one that
// it does not find.
var (
	known = []string{"plug", "unplug", "shift", "cancel"}
	lost  = []charging.Code{charging.CodeUnknownEVSE, charging.CodeUnknownReservation, charging.CodeNoReservationHere}
)

func tail(b *booking) string { return string(b.ID)[max(0, len(b.ID)-5):] }

// someone is one of the latest, mostly one whose window is about now.
func (y *yard) someone() (b *booking) {
	for range 12 {
		if n := len(y.stops); n > 0 {
			b = y.stops[max(0, n-1-y.IntN(12))]
		}
		if now := y.now(); b == nil || b.is.State.Booked() && now.After(b.Start.Add(-testTerms.EarlyPlug)) && now.Before(b.End.Add(time.Hour)) {
			break
		}
	}
	return b
}

// book takes one of the next windows at one of the EVSEs for one of three vehicles.
func (y *yard) book(of *booking) error {
	vehicle := charging.VehicleID(fmt.Sprintf("EV-%04d", 1+y.IntN(3)))
	_, err := y.take([]charging.EVSEID{evse1, evse2}[y.IntN(2)], vehicle)
	return err
}

func (y *yard) take(evse charging.EVSEID, v charging.VehicleID) (*booking, error) {
	h := y.request(y.first + len(y.stops))
	h.EVSEID, h.VehicleID = evse, v
	h.Start = y.now().UTC().Truncate(time.Minute).Add(time.Duration(1+y.IntN(30)) * time.Minute)
	h.End = h.Start.Add(time.Duration(5+y.IntN(20)) * time.Minute)
	if _, err := y.Reserve(y.t.Context(), h); err != nil {
		return nil, err
	}
	b := &booking{HoldRequest: h}
	y.stops = append(y.stops, b)
	_, err := y.Confirm(y.t.Context(), h.Ref)
	return b, err
}

func (y *yard) plug(b *booking) error {
	_, err := y.Start(y.t.Context(), b.Ref, charging.Arrival{PlannedKWh: float64(y.IntN(30)), At: y.now().Add(time.Duration(y.IntN(40)-30) * time.Minute)})
	return err
}

func (y *yard) unplug(b *booking) error {
	told := float64(y.IntN(20))
	r, err := y.Complete(y.t.Context(), b.Ref, charging.Leaving{EnergyKWh: told})
	switch {
	case err != nil && (b.is.State == charging.Charging || b.is.State == charging.Fulfilled):
		y.t.Errorf("a car that has charged cannot leave: %v", err)
	case err != nil:
	case b.billed && r.Session.EnergyKWh != b.kWh || !b.billed && r.Session.EnergyKWh > told:
		y.t.Errorf("%v kWh were told, %v billed before, and now %+v", told, b.kWh, r.Session)
	default:
		b.billed, b.kWh = true, r.Session.EnergyKWh
	}
	return err
}

func (y *yard) shift(b *booking) error {
	y.moves++
	by := time.Duration(y.IntN(20)-5) * time.Minute
	to := charging.NewWindow(b.is.Window.Start, b.is.Window.End.Add(by))
	if b.is.State == charging.Reserved {
		to.Start = to.Start.Add(by)
	}
	_, err := y.Move(y.t.Context(), charging.Move{Ref: b.Ref, Seq: y.moves, To: to})
	return err
}

// swap takes another stop first, and then releases the one it had.
func (y *yard) swap(b *booking) error {
	if b.is.State != charging.Reserved {
		return nil
	}
	if _, err := y.take([]charging.EVSEID{evse1, evse2}[y.IntN(2)], b.VehicleID); err != nil {
		return err
	}
	return y.cancel(b)
}

func (y *yard) cancel(b *booking) error {
	r, err := y.Compensate(y.t.Context(), b.Ref)
	if b.is.State == charging.Reserved {
		b.released = true
		if err != nil || r.State != charging.Canceled && r.State != charging.NoShow {
			y.t.Errorf("released, and is %s: %v", r.State, err)
		}
	}
	return err
}

func (y *yard) withdraw(b *booking) error {
	_, err := y.Withdraw(y.t.Context(), b.EVSEID, "BROKEN_CHARGER")
	return y.unless(b.EVSEID, err)
}

func (y *yard) restore(b *booking) error {
	return y.unless(b.EVSEID, y.ReturnToService(y.t.Context(), b.EVSEID))
}

// unless passes an operator's mistake: an EVSE that is offered no more.
func (y *yard) unless(evse charging.EVSEID, err error) error {
	if y.at[evse] == "" && charging.CodeOf(err) == charging.CodeUnknownEVSE {
		return nil
	}
	return err
}

// decide answers the question about a lost stop with another one.
func (y *yard) decide(*booking) error {
	k := slices.IndexFunc(y.stops, func(b *booking) bool { return b.lost })
	if k < 0 {
		return nil
	}
	b := y.stops[k]
	if b.lost = y.IntN(2) == 0; b.lost {
		return nil // it is asked again
	}
	_, err := y.take([]charging.EVSEID{evse1, evse2}[y.IntN(2)], b.VehicleID)
	return err
}

// inventory moves an EVSE to another location, renames the one it is at, takes it out,
// or brings it back.
func (y *yard) inventory(*booking) error {
	evse := []charging.EVSEID{evse1, evse2}[y.IntN(2)]
	y.at[evse] = []string{"LJPA01", "LNEW01", "LTWO01", "LJPA01", ""}[y.IntN(5)]
	y.settle()
	return nil
}

// wait lets time pass, and does the rounds that the server does meanwhile.
func (y *yard) wait(*booking) error {
	y.advance(time.Duration(y.IntN(25)) * time.Minute)
	y.them.mu.Lock()
	y.them.fail = y.IntN(3) / 2
	y.them.mu.Unlock()
	y.rounds()
	return nil
}

func (y *yard) rounds() {
	for _, home := range y.ground.offered.Load().homes {
		if err := y.tidying.tidy(y.t.Context(), home); err != nil {
			y.t.Fatal(err)
		}
		y.ground.agendas.posting.at(home, y.ground.o.Now())
	}
	y.box.round(y.t.Context())
}
