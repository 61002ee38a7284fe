// Package judge says whether a history of a federation could have been: whether
// each EVSE was a linearizable calendar, each trip booked whole or not at all,
// the older trip always ahead, nothing left held, and every answer true.
//
// It is pure: the same case has the same verdict. Where what happened is not
// known for sure it assumes what speaks for the system, so each violation is one.
package judge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// Rule that a violation breaks.
type Rule string

// The rules.
const (
	Linearizable Rule = "linearizable calendar"
	Overlap      Rule = "no overlap"
	AllOrNothing Rule = "all or nothing"
	Priority     Rule = "priority"
	NothingHeld  Rule = "nothing held"
	Answers      Rule = "answers true"
	Fences       Rule = "fences rise"
	OneRoad      Rule = "one vehicle, one road"
	OneOwner     Rule = "one owner writes"
	Unfinished   Rule = "everything comes to an end"
	OneSession   Rule = "one plug, one car"
	OneBill      Rule = "one session, one bill"
	Asked        Rule = "asked until answered"
	// NoLie, Share and HandsOff are about a cheat.
	NoLie    Rule = "no loss to a false stamp"
	Share    Rule = "no more than its share"
	HandsOff Rule = "hands off what is another's"
	// Undecided is a check that ran out of time: it counts as a violation.
	Undecided Rule = "checker ran out of time"
)

// Violation is one breach of a rule.
type Violation struct {
	Rule   Rule
	Trip   charging.TripID
	EVSE   charging.EVSEID
	Detail string
}

// String is one line.
func (v Violation) String() string {
	s := string(v.Rule) + ": " + v.Detail
	if v.EVSE != "" {
		s += " [" + string(v.EVSE) + "]"
	}
	if v.Trip != "" {
		s += " [trip " + string(v.Trip) + "]"
	}
	return s
}

// Case is what is judged: what clients and links saw, and what the stores
// contain when everything was healed and has come to rest.
type Case struct {
	Ops         []history.Op
	Claims      []history.Claim
	Preemptions []history.Preemption
	Contests    []history.Contest
	Final       history.Final
	// Began is the civil time of the history's start, by the machine's clock.
	Began time.Time
	// Ended is the civil time at which Final was read, by the machine's clock.
	Ended time.Time
	// Quiet says that no company was ever out of reach or slow.
	Quiet bool
	// Cheat is what a dishonest company did; nil where there was none. Its own trips and
	// its calendar are judged by no rule.
	Cheat *history.Cheat
	// Limit of one calendar's check; 0 is 10 s.
	Limit time.Duration
	// Draw is a directory for the drawings of calendars that fail; "" for none.
	Draw string
}

// Verdict is what was found, and how much was looked at.
type Verdict struct {
	Violations []Violation
	// Trips by their final state.
	Trips map[trip.State]int
	// Calendars that were checked, and the operations in them.
	Calendars, CalendarOps int
	// Sessions that were answered, and how many of them have a bill.
	Sessions, Bills int
	// Drawings of calendars that fail.
	Drawings []string
	// LostToTruth counts the holds and claims that honest trips lost to stamps of a cheat
	// that nobody can tell from honest ones.
	LostToTruth int
}

// Rules lists the rules that were broken, each once.
func (v Verdict) Rules() []Rule {
	var rules []Rule
	for _, x := range v.Violations {
		if !slices.Contains(rules, x.Rule) {
			rules = append(rules, x.Rule)
		}
	}
	return rules
}

// Judge checks every rule.
func Judge(c Case) Verdict {
	x := newIndex(c)
	v := Verdict{Trips: map[trip.State]int{}}
	for _, t := range x.trips {
		v.Trips[t.State]++
	}
	for _, rule := range []func(*index) []Violation{
		overlaps, wholeOrNot, orphans, held, unfinished, answers, keys, fences, claims, preempted, preemptions, oneRoad, owners,
		oneSession, bills, askedAbout, falseStamps, shares, handsOff,
	} {
		v.Violations = append(v.Violations, rule(x)...)
	}
	linearizable(x, c, &v)
	v.LostToTruth = x.lostToTruth()
	for id := range x.sessionsSeen() {
		v.Sessions++
		if x.records[id].Billed {
			v.Bills++
		}
	}
	slices.SortFunc(v.Violations, func(a, b Violation) int { return strings.Compare(a.String(), b.String()) })
	return v
}

// index is the case, sorted for the rules.
type index struct {
	ops    []history.Op
	claims []history.Claim
	lost   []history.Preemption
	final  history.Final
	trips  map[charging.TripID]trip.Trip
	// byTrip are the operations that name a trip or whose answer does, by call.
	byTrip map[charging.TripID][]history.Op
	// records and of are the stores' reservations.
	records map[charging.ReservationID]history.Reservation
	of      map[charging.TripID][]history.Reservation
	byEVSE  map[charging.EVSEID][]history.Reservation
	// calendar are the entries by reservation.
	calendar map[charging.ReservationID]history.Booking
	// withdrawals of each EVSE, by call.
	withdrawals map[charging.EVSEID][]history.Op
	// words are plugs and unplugs, by call.
	words        map[carAtEVSE][]history.Op
	contests     []history.Contest
	began, ended time.Time
	quiet        bool
	cheat        *history.Cheat
	// until is the last return.
	until time.Duration
}

func newIndex(c Case) *index {
	x := &index{
		ops: slices.Clone(c.Ops), claims: c.Claims, lost: c.Preemptions, final: c.Final, trips: c.Final.Trips(),
		byTrip: map[charging.TripID][]history.Op{}, records: map[charging.ReservationID]history.Reservation{},
		of: map[charging.TripID][]history.Reservation{}, byEVSE: map[charging.EVSEID][]history.Reservation{},
		calendar: map[charging.ReservationID]history.Booking{}, withdrawals: map[charging.EVSEID][]history.Op{},
		words: map[carAtEVSE][]history.Op{}, contests: c.Contests, began: c.Began, ended: c.Ended, quiet: c.Quiet,
		cheat: c.Cheat,
	}
	slices.SortStableFunc(x.ops, func(a, b history.Op) int { return int(a.Call - b.Call) })
	x.attribute()
	for _, o := range x.ops {
		x.until = max(x.until, o.Return)
		if (o.Kind == history.Plug || o.Kind == history.Unplug) && !x.dishonest(o.EVSE) {
			at := carAtEVSE{o.Vehicle, o.EVSE}
			x.words[at] = append(x.words[at], o)
		}
		if o.Trip != "" {
			x.byTrip[o.Trip] = append(x.byTrip[o.Trip], o)
		}
		if o.Kind == history.Withdraw {
			x.withdrawals[o.EVSE] = append(x.withdrawals[o.EVSE], o)
		}
	}
	for _, s := range c.Final {
		for _, r := range s.Reservations {
			x.records[r.ID] = r
			if !x.its(r) {
				x.of[r.Trip] = append(x.of[r.Trip], r)
			}
			x.byEVSE[r.Slot.EVSE] = append(x.byEVSE[r.Slot.EVSE], r)
		}
		for _, b := range s.Calendar {
			x.calendar[b.ID] = b
		}
	}
	x.distrust()
	return x
}

// attribute gives each create without an answer the trip that its key has made:
// the first attempt may have been the one that made it.
func (x *index) attribute() {
	type key struct {
		company charging.CompanyID
		vehicle charging.VehicleID
		key     string
	}
	made := map[key]charging.TripID{}
	for _, o := range x.ops {
		if o.Kind == history.Create && o.Key != "" && o.Trip != "" {
			made[key{o.Company, o.Vehicle, o.Key}] = o.Trip
		}
	}
	for i, o := range x.ops {
		if o.Kind == history.Create && o.Key != "" && o.Trip == "" {
			x.ops[i].Trip = made[key{o.Company, o.Vehicle, o.Key}]
		}
	}
}

// asked reports whether a client asked for one of these kinds on a trip; with
// action, for a decision of that action.
func (x *index) asked(id charging.TripID, action string, kinds ...history.Kind) bool {
	return slices.ContainsFunc(x.byTrip[id], func(o history.Op) bool {
		return slices.Contains(kinds, o.Kind) || action != "" && o.Kind == history.Decide && o.Action == action
	})
}

func at(s history.Slot) string {
	return fmt.Sprintf("%s–%s", s.Window.Start.UTC().Format("Jan 2 15:04"), s.Window.End.UTC().Format("15:04"))
}
