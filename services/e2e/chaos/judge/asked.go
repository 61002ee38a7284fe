package judge

import (
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// clockError is how far a company's clock may be off, and a little more.
const clockError = 6 * time.Minute

// askedAbout: a booked trip that has lost a stop asks its driver about it until
// somebody has answered or the stop's time has come.
func askedAbout(x *index) []Violation {
	var out []Violation
	bad := func(t trip.Trip, l trip.Leg, when string) {
		out = append(out, Violation{Rule: Asked, Trip: t.ID, EVSE: l.EVSEID, Detail: fmt.Sprintf(
			"%s it was %s, stop %d was lost, nobody had answered, and it did not ask", when, t.State, l.Leg)})
	}
	for id, t := range x.trips {
		for _, o := range x.byTrip[id] {
			was := trip.Trip{ID: id, State: o.State, Legs: o.Legs}
			for _, l := range x.lostStops(was, o.Return) {
				if o.OK() && t.OnConflict != trip.Replan && !slices.Contains(o.Asked, l.Leg) {
					bad(was, l, "at "+o.Return.Round(time.Millisecond).String())
				}
			}
		}
		for _, l := range x.lostStops(t, x.until) {
			if t.Question(l.Leg) == nil {
				bad(t, l, "in the end")
			}
		}
	}
	return out
}

// lostStops are those of a booked trip that its driver must be asked about at a
// time.
func (x *index) lostStops(t trip.Trip, at time.Duration) []trip.Leg {
	if t.State != trip.Confirmed && t.State != trip.Completed || x.answeredBefore(t.ID, at) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(t.Legs), func(l trip.Leg) bool {
		return l.State != charging.Canceled || x.due(l, at) || x.dishonest(l.EVSEID)
	})
}

// answeredBefore reports whether anybody has asked for a change of a trip by then.
func (x *index) answeredBefore(id charging.TripID, at time.Duration) bool {
	return slices.ContainsFunc(x.byTrip[id], func(o history.Op) bool {
		return o.Call <= at && (o.Kind == history.Decide || o.Kind == history.Cancel || o.Kind == history.Swap)
	})
}

// due reports whether a stop's time may have come: its start, less the drive to it.
func (x *index) due(l trip.Leg, at time.Duration) bool {
	drive := time.Duration(l.DriveMinutes * float64(time.Minute))
	return !x.began.IsZero() && !x.began.Add(at+clockError).Before(l.Start.Add(-drive))
}
