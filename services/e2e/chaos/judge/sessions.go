package judge

import (
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// spell is a stretch of time in which a car was at a plug for sure: from the
// answer to its plug until the first thing that may have ended the session.
type spell struct {
	vehicle  charging.VehicleID
	evse     charging.EVSEID
	stop     charging.ReservationID
	trip     charging.TripID
	from, to time.Duration
}

func (a spell) meets(b spell) bool { return a.from < b.to && b.from < a.to }

func (a spell) String() string {
	return fmt.Sprintf("%s at %s from %s to %s", a.vehicle, a.evse, a.from.Round(time.Millisecond), a.to.Round(time.Millisecond))
}

// carAtEVSE names what a car says at one plug, whichever of its companies hears it.
type carAtEVSE struct {
	vehicle charging.VehicleID
	evse    charging.EVSEID
}

// spells are those of all plugs that were answered.
func (x *index) spells() []spell {
	var all []spell
	for at, ops := range x.words {
		for _, o := range ops {
			if !begun(o) {
				continue
			}
			s := spell{at.vehicle, at.evse, o.Stop.ReservationID, o.Stop.Trip, o.Return, x.ends(o, ops)}
			if s.from < s.to {
				all = append(all, s)
			}
		}
	}
	return all
}

// begun reports whether a plug was answered with a session that was not over
// yet, whatever its state is called.
func begun(o history.Op) bool {
	return o.Kind == history.Plug && o.OK() && o.Stop != nil && o.Stop.State != charging.Fulfilled
}

// ends is when a session may have ended at the earliest: what was under way with
// the plug may have come after it.
func (x *index) ends(plug history.Op, words []history.Op) time.Duration {
	end := x.longestStay(plug.Stop.ReservationID)
	for _, o := range append(slices.Clone(words), x.withdrawals[plug.EVSE]...) {
		if o.Kind != history.Plug && !(o.Answered && o.Code != "") && mayStillCome(o, plug.Call) {
			end = min(end, o.Call)
		}
	}
	return end
}

// late is how long after its answer a request may be executed once more.
const late = 15 * time.Second

// mayStillCome reports whether what ends a session may have come about after a
// time: a withdrawal that was on its way twice, an unplug that is kept for its
// plug.
func mayStillCome(o history.Op, after time.Duration) bool {
	switch {
	case !o.Answered, o.Status == history.Kept:
		return true
	case o.Kind == history.Withdraw:
		return o.Return+late >= after
	}
	return o.Return >= after
}

// longestStay is when a company ends a session by itself: an hour after its
// window, less what its clock may be ahead.
func (x *index) longestStay(id charging.ReservationID) time.Duration {
	r, known := x.records[id]
	if !known || x.began.IsZero() {
		return forever
	}
	return r.Slot.Window.End.Add(time.Hour - clockError).Sub(x.began)
}

// oneSession: no two cars at one plug, and no car at two. A company that nobody
// could reach lets a second plug of a vehicle pass: that is judged only where all
// could be reached, or where the company was the same.
func oneSession(x *index) []Violation {
	var out []Violation
	all := x.spells()
	slices.SortFunc(all, func(a, b spell) int { return int(a.from - b.from) })
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.stop == b.stop || !a.meets(b) {
				continue
			}
			switch {
			case a.evse == b.evse:
				out = append(out, Violation{Rule: OneSession, EVSE: a.evse, Trip: b.trip, Detail: fmt.Sprintf("two cars at one plug: %v, and %v", a, b)})
			case a.vehicle == b.vehicle && (x.quiet || a.evse.Company() == b.evse.Company()):
				out = append(out, Violation{Rule: OneSession, Trip: b.trip, Detail: fmt.Sprintf("one car at two plugs: %v, and %v", a, b)})
			}
		}
	}
	return append(out, contests(x, all)...)
}

// contests: a company that is asked about a vehicle that charges there for sure
// says so.
func contests(x *index, all []spell) []Violation {
	var out []Violation
	for _, c := range x.contests {
		for _, s := range all {
			if !c.Busy && s.vehicle == c.Vehicle && s.evse != c.EVSE && s.evse.Company() == c.To && s.from < c.Since && c.At < s.to {
				out = append(out, Violation{Rule: OneSession, EVSE: s.evse, Trip: s.trip, Detail: fmt.Sprintf(
					"%s told %s at %s that %s does not charge there: %v", c.To, c.From, c.At.Round(time.Millisecond), c.Vehicle, s)})
			}
		}
	}
	return out
}
