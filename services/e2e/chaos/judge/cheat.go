package judge

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// its reports whether a record is of a trip of the cheat.
func (x *index) its(r history.Reservation) bool { return x.cheat != nil && r.Origin == x.cheat.Company }

// dishonest reports whether an EVSE is the cheat's: nothing that is said of it counts.
func (x *index) dishonest(evse charging.EVSEID) bool {
	return x.cheat != nil && evse.Company() == x.cheat.Company
}

// through reports whether a trip has, or had, a stop at the cheat's.
func (x *index) through(t trip.Trip) bool {
	if x.cheat == nil {
		return false
	}
	here := func(l trip.Leg) bool { return x.dishonest(l.EVSEID) }
	return x.cheat.Through[t.ID] || slices.ContainsFunc(t.Legs, here) ||
		slices.ContainsFunc(x.byTrip[t.ID], func(o history.Op) bool { return slices.ContainsFunc(o.Legs, here) })
}

// distrust takes each EVSE of the cheat for one that may be withdrawn at any time, which
// is what it may do to a trip by the contract.
func (x *index) distrust() {
	if x.cheat == nil {
		return
	}
	whenever := history.Op{Kind: history.Withdraw, Return: forever}
	see := func(legs []trip.Leg) {
		for _, l := range legs {
			if x.dishonest(l.EVSEID) {
				x.withdrawals[l.EVSEID] = []history.Op{whenever}
			}
		}
	}
	for _, o := range x.ops {
		see(o.Legs)
	}
	for _, t := range x.trips {
		see(t.Legs)
	}
}

type stampOf struct {
	trip      charging.TripID
	grantedAt string
}

// lies are the stamps that should not have been believed.
func (x *index) lies() map[stampOf]string {
	all := map[stampOf]string{}
	if x.cheat != nil {
		for _, s := range x.cheat.Stamps {
			if s.Lie != "" {
				all[stampOf{s.Trip, s.GrantedAt}] = s.Lie
			}
		}
	}
	return all
}

// falseStamps: no trip that was never at the cheat's EVSEs has lost a hold, or was
// refused a stop, for a ticket with a false stamp.
func falseStamps(x *index) []Violation {
	lies := x.lies()
	if len(lies) == 0 {
		return nil
	}
	var out []Violation
	once := map[string]bool{}
	bad := func(id charging.TripID, evse charging.EVSEID, what, by string) {
		if once[string(id)+by] {
			return
		}
		once[string(id)+by] = true
		out = append(out, Violation{Rule: NoLie, Trip: id, EVSE: evse, Detail: what + " for a " + by})
	}
	for _, r := range x.records {
		if by := x.wentTo(r); by != nil && lies[stampOf{by.Trip, by.GrantedAt}] != "" {
			bad(r.Trip, r.Slot.EVSE, fmt.Sprintf("%s at %s was PREEMPTED", r.ID, at(r.Slot)), lies[stampOf{by.Trip, by.GrantedAt}])
		}
	}
	only := map[charging.TripID]string{} // trips of the cheat all of whose stamps lie
	for _, s := range x.cheat.Stamps {
		if _, honest := x.trips[s.Trip]; honest {
			continue // its own stamp may have won
		}
		if was, again := only[s.Trip]; !again || was != "" {
			only[s.Trip] = s.Lie
		}
	}
	for _, p := range x.lost {
		if t, known := x.trips[p.Trip]; known && only[p.By] != "" && !x.through(t) {
			bad(p.Trip, "", fmt.Sprintf("%s was PREEMPTED by %s", p.ReservationID, p.By), only[p.By])
		}
	}
	for _, c := range x.claims {
		lie := lies[stampOf{c.AheadTrip, c.Ahead}]
		if t, known := x.trips[c.Trip]; known && c.Code == charging.CodePriorityLost && lie != "" && !x.through(t) {
			bad(c.Trip, c.EVSE, c.Step+" was refused", lie)
		}
	}
	return out
}

// wentTo is the older claim for which a hold of an honest trip was preempted, where all
// that it can have been have a stamp of the cheat; else nil.
func (x *index) wentTo(r history.Reservation) *history.Reservation {
	if r.State != charging.Preempted || x.its(r) || x.through(x.trips[r.Trip]) {
		return nil
	}
	stamped := map[stampOf]bool{}
	for _, s := range x.cheat.Stamps {
		stamped[stampOf{s.Trip, s.GrantedAt}] = true
	}
	var by *history.Reservation
	for _, o := range x.byEVSE[r.Slot.EVSE] {
		if o.Trip == r.Trip || !o.Slot.Window.Overlaps(r.Slot.Window) || !older(o.GrantedAt, o.Trip, r.GrantedAt, r.Trip) {
			continue
		}
		if !stamped[stampOf{o.Trip, o.GrantedAt}] {
			return nil
		}
		by = &o
	}
	return by
}

// lostToTruth counts the holds and claims that honest trips lost to a stamp of the cheat
// that may have been honest.
func (x *index) lostToTruth() int {
	if x.cheat == nil {
		return 0
	}
	n, lies := 0, x.lies()
	for _, r := range x.records {
		if by := x.wentTo(r); by != nil && lies[stampOf{by.Trip, by.GrantedAt}] == "" {
			n++
		}
	}
	maybe := map[stampOf]bool{}
	for _, s := range x.cheat.Stamps {
		maybe[stampOf{s.Trip, s.GrantedAt}] = s.Lie == ""
	}
	for _, c := range x.claims {
		if t, known := x.trips[c.Trip]; known && c.Code == charging.CodePriorityLost && maybe[stampOf{c.AheadTrip, c.Ahead}] && !x.through(t) {
			n++
		}
	}
	return n
}

// shares: what the cheat had of a company was never more than its share.
func shares(x *index) []Violation {
	if x.cheat == nil {
		return nil
	}
	most := map[charging.CompanyID]history.Reading{}
	for _, r := range x.cheat.Readings {
		if r.Share() > most[r.Company].Share() {
			most[r.Company] = r
		}
	}
	var out []Violation
	limit := cmp.Or(x.cheat.Share, history.DefaultShare)
	for id, r := range most {
		if r.Share() > limit {
			out = append(out, Violation{Rule: Share, Detail: fmt.Sprintf("%s held %.1f%% of the EVSE-hours of %s at %s, %.0f%% at most may be",
				x.cheat.Company, 100*r.Share(), id, r.At, 100*limit)})
		}
	}
	return out
}

// handsOff: nothing that the cheat sent about others' stops was carried out, nobody took
// it for another company, and nobody told it of trips that were never at its EVSEs.
// What came of false notices shows in the trips.
func handsOff(x *index) []Violation {
	if x.cheat == nil {
		return nil
	}
	type kind struct {
		what string
		to   charging.CompanyID
	}
	first, times := map[kind]history.Meddling{}, map[kind]int{}
	for _, m := range x.cheat.Meddled {
		what := x.meddled(m)
		if what == "" {
			continue
		}
		k := kind{what, m.To}
		if times[k]++; times[k] == 1 {
			first[k] = m
		}
	}
	var out []Violation
	for k, m := range first {
		out = append(out, Violation{Rule: HandsOff, Trip: m.Trip, Detail: fmt.Sprintf("%s %s, %d×, first about %s", k.to, k.what, times[k], m.ReservationID)})
	}
	return out
}

// notLetIn are the refusals to a caller who is not taken for anybody.
var notLetIn = map[charging.Code]bool{charging.CodeUnauthenticated: true, charging.CodeForbidden: true, charging.CodeRateLimited: true}

// meddled says what a company did for the cheat that it should not; empty for nothing.
func (x *index) meddled(m history.Meddling) string {
	r, known := x.records[m.ReservationID]
	switch m.Step {
	case "outcome":
		if t, exists := x.trips[m.Trip]; exists && m.Done() && m.Outcome != charging.OutcomeUnknown && !x.through(t) {
			return "told the outcome of a trip that was never there"
		}
		return ""
	case "changed", "preempted":
		return ""
	}
	switch {
	case m.Borrowed && (m.Done() || m.Status >= 400 && m.Status < 500 && !notLetIn[m.Code]):
		return "took it for another company in a " + m.Step
	case m.Done() && known && r.Slot.EVSE.Company() == m.To && !x.its(r):
		return "carried out a " + m.Step + " of another's stop"
	}
	return ""
}
