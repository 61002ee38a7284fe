package judge

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// forever is the return of what nobody heard of.
const forever = time.Duration(math.MaxInt64)

// booked is one stop of a trip that was CONFIRMED, with the times between which
// it came about and, where it ended, between which it was let go.
type booked struct {
	trip         charging.TripID
	name         string
	stop         charging.ReservationID
	slot         history.Slot
	asked, told  time.Duration
	ended        bool
	ends, let    time.Duration
	client       int
	fence        int64
	cancelClient int
}

// name of a stop of a trip: its reservation and its window, because a booked
// window can be moved under its own id.
func name(l trip.Leg) string {
	return string(l.ReservationID) + "@" + l.Start.UTC().Format("15:04") + "–" + l.End.UTC().Format("15:04")
}

// bookings are all stops that somebody was told of as CONFIRMED, or that are so
// in the end.
func (x *index) bookings() []booked {
	var all []booked
	for id, ops := range x.byTrip {
		all = append(all, x.bookingsOf(id, ops)...)
	}
	return all
}

func (x *index) bookingsOf(id charging.TripID, ops []history.Op) []booked {
	found, known := map[string]*booked{}, map[charging.ReservationID]bool{}
	see := func(l trip.Leg, told time.Duration, client int) {
		if !l.State.Booked() && l.State != charging.Fulfilled || l.State != charging.Reserved && known[l.ReservationID] {
			return // a car at the plug changes the window of its stop
		}
		known[l.ReservationID] = true
		b := found[name(l)]
		if b == nil {
			b = &booked{
				trip: id, name: name(l), stop: l.ReservationID, slot: history.Slot{EVSE: l.EVSEID, Window: l.Window()},
				asked: ops[0].Call, told: forever, client: client,
			}
			found[name(l)] = b
		}
		if told < b.told {
			b.told, b.fence = told, l.Fence
		}
	}
	for _, o := range ops {
		if o.OK() && o.State == trip.Confirmed {
			for _, l := range o.Legs {
				see(l, o.Return, o.Client)
			}
		}
	}
	final := x.trips[id]
	if final.State == trip.Confirmed {
		for _, l := range final.Legs {
			see(l, forever, ops[0].Client)
		}
	}
	var all []booked
	for _, b := range found {
		x.end(b, final, ops)
		all = append(all, *b)
	}
	return all
}

// end finds out how a booking ended: canceled with its trip, replaced, or
// withdrawn by an operator. A booking that should not have ended does not end
// here; other rules say so.
func (x *index) end(b *booked, final trip.Trip, ops []history.Op) {
	b.let = forever
	begin := func(o history.Op) {
		if !b.ended || o.Call < b.ends {
			b.ended, b.ends, b.cancelClient = true, o.Call, o.Client
		}
	}
	for _, o := range ops {
		switch {
		case o.Kind == history.Cancel, o.Kind == history.Decide && o.Action == api.ActionGiveUp:
			begin(o)
		case o.Kind == history.Swap, o.Kind == history.Decide:
			if !slices.ContainsFunc(final.Legs, func(l trip.Leg) bool { return name(l) == b.name }) {
				begin(o)
			}
		}
		if o.OK() && o.State == trip.Canceled && slices.ContainsFunc(o.Legs, func(l trip.Leg) bool {
			return name(l) == b.name && l.State == charging.Canceled
		}) {
			b.let = min(b.let, o.Return)
		}
	}
	x.endAtPlug(b, final, ops, begin)
	x.endWithANoShow(b, final, ops, begin)
	for evse := range onTheWay(ops) { // a stop that is replaced may move others
		for _, w := range x.withdrawals[evse] {
			if w.Return > b.asked && (!w.Answered || w.Code == "") {
				begin(w)
			}
		}
	}
	if final.State == trip.Confirmed && slices.ContainsFunc(final.Legs, func(l trip.Leg) bool {
		return name(l) == b.name && l.State == charging.Reserved || l.ReservationID == b.stop && l.State == charging.Charging
	}) {
		b.ended = false // it is still there: whatever was asked for did not come about
	}
}

// endAtPlug: a stop ends when its car leaves, when its charger breaks, which
// withdrawals say, or, unused, some time after its start.
func (x *index) endAtPlug(b *booked, final trip.Trip, ops []history.Op, begin func(history.Op)) {
	for _, o := range x.words[carAtEVSE{final.VehicleID, b.slot.EVSE}] {
		if o.Kind == history.Unplug && o.Return > b.asked {
			begin(o)
		}
	}
	for _, l := range final.Legs {
		if l.ReservationID == b.stop && (l.State == charging.NoShow || l.State == charging.Fulfilled) && !b.ended {
			begin(ops[0])
		}
	}
}

// endWithANoShow: under the policy replan a stop that nobody came to is replaced, and
// those after it with it, some time after its start.
func (x *index) endWithANoShow(b *booked, final trip.Trip, ops []history.Op, begin func(history.Op)) {
	for _, o := range ops {
		for k, l := range o.Legs {
			gone := !slices.ContainsFunc(final.Legs, func(now trip.Leg) bool { return name(now) == b.name })
			if name(l) == b.name && gone && !b.ended && x.replaced(final, o.Legs[:k+1]) {
				begin(ops[0])
			}
		}
	}
}

// onTheWay are the EVSEs that a trip was ever answered with.
func onTheWay(ops []history.Op) map[charging.EVSEID]bool {
	all := map[charging.EVSEID]bool{}
	for _, o := range ops {
		for _, l := range o.Legs {
			all[l.EVSEID] = true
		}
	}
	return all
}

// The operations of a calendar's model.
type (
	book struct {
		name string
		w    charging.Window
	}
	release struct{ name string }
	look    struct{ free []charging.Window }
)

// state of a calendar: what is booked, in the order of names.
type state []book

func (s state) without(name string) state {
	return slices.DeleteFunc(slices.Clone(s), func(b book) bool { return b.name == name })
}

func (s state) free(w charging.Window) bool {
	return !slices.ContainsFunc(s, func(b book) bool { return b.w.Overlaps(w) })
}

// calendar is one EVSE, or a part of it that no booking leaves.
var calendar = porcupine.Model{
	Init: func() any { return state{} },
	Step: func(s, in, _ any) (bool, any) {
		st := s.(state)
		switch op := in.(type) {
		case book:
			if !st.free(op.w) {
				return false, s
			}
			next := append(slices.Clone(st), op)
			slices.SortFunc(next, func(a, b book) int { return strings.Compare(a.name, b.name) })
			return true, next
		case release:
			next := st.without(op.name)
			return len(next) < len(st), next
		case look:
			for _, w := range op.free {
				if !st.free(w) {
					return false, s
				}
			}
			return true, s
		}
		return false, s
	},
	Equal: func(a, b any) bool {
		return slices.EqualFunc(a.(state), b.(state), func(p, q book) bool { return p.name == q.name })
	},
	DescribeOperation: func(in, _ any) string {
		switch op := in.(type) {
		case book:
			return fmt.Sprintf("book %s %s", op.w, short(op.name))
		case release:
			return "release " + short(op.name)
		case look:
			return fmt.Sprintf("free: %v", op.free)
		}
		return fmt.Sprint(in)
	},
	DescribeState: func(s any) string {
		var all []string
		for _, b := range s.(state) {
			all = append(all, fmt.Sprintf("%s %s", b.w, short(b.name)))
		}
		return strings.Join(all, "<br>")
	},
}

// short is the random end of a name's id.
func short(name string) string {
	id, _, _ := strings.Cut(name, "@")
	return "…" + id[max(0, len(id)-6):]
}

// part is a stretch of one EVSE's time whose bookings overlap no others.
type part struct {
	evse charging.EVSEID
	w    charging.Window
	ops  []porcupine.Operation
}

// parts cuts each EVSE's time where no booking crosses: what happens in one part
// does not touch the others, so each can be checked by itself.
func (x *index) parts() []*part {
	byEVSE := map[charging.EVSEID][]booked{}
	for _, b := range x.bookings() {
		if !x.dishonest(b.slot.EVSE) {
			byEVSE[b.slot.EVSE] = append(byEVSE[b.slot.EVSE], b)
		}
	}
	var all []*part
	for evse, bs := range byEVSE {
		slices.SortFunc(bs, func(a, b booked) int { return a.slot.Window.Start.Compare(b.slot.Window.Start) })
		var mine []*part
		for _, b := range bs {
			if n := len(mine); n == 0 || !b.slot.Window.Start.Before(mine[n-1].w.End) {
				mine = append(mine, &part{evse: evse, w: b.slot.Window})
			}
			p := mine[len(mine)-1]
			if b.slot.Window.End.After(p.w.End) {
				p.w.End = b.slot.Window.End
			}
			p.add(b)
		}
		x.looks(evse, mine)
		all = append(all, mine...)
	}
	return all
}

func (p *part) add(b booked) {
	p.ops = append(p.ops, porcupine.Operation{ClientId: b.client, Input: book{b.name, b.slot.Window}, Call: int64(b.asked), Return: int64(b.told)})
	if b.ended {
		p.ops = append(p.ops, porcupine.Operation{ClientId: b.cancelClient, Input: release{b.name}, Call: int64(b.ends), Return: int64(b.let)})
	}
}

// looks gives each part what was seen free in it.
func (x *index) looks(evse charging.EVSEID, parts []*part) {
	for _, o := range x.ops {
		if o.Kind != history.Availability || o.EVSE != evse || !o.OK() {
			continue
		}
		for _, p := range parts {
			var free []charging.Window
			for _, w := range o.Free {
				if w.Overlaps(p.w) {
					free = append(free, w)
				}
			}
			if len(free) > 0 {
				p.ops = append(p.ops, porcupine.Operation{ClientId: o.Client, Input: look{free}, Call: int64(o.Call), Return: int64(o.Return)})
			}
		}
	}
}

// linearizable checks every part. One that is not decided in time is a violation.
func linearizable(x *index, c Case, v *Verdict) {
	limit := c.Limit
	if limit <= 0 {
		limit = 10 * time.Second
	}
	for _, p := range x.parts() {
		v.Calendars++
		v.CalendarOps += len(p.ops)
		result, info := porcupine.CheckOperationsVerbose(calendar, p.ops, limit)
		if result == porcupine.Ok {
			continue
		}
		bad := Violation{Rule: Linearizable, EVSE: p.evse, Detail: fmt.Sprintf("%s: %d operations have no order", p.w, len(p.ops))}
		if result == porcupine.Unknown {
			bad.Rule, bad.Detail = Undecided, fmt.Sprintf("%s: %d operations in %s", p.w, len(p.ops), limit)
		}
		v.Violations = append(v.Violations, bad)
		if c.Draw != "" {
			path := filepath.Join(c.Draw, fmt.Sprintf("calendar-%d.html", len(v.Drawings)+1))
			if err := porcupine.VisualizePath(calendar, info, path); err == nil {
				v.Drawings = append(v.Drawings, path)
			}
		}
	}
}
