package judge

import (
	"fmt"
	"math"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// sameKWh is how far two figures of one meter may be apart: a company counts in
// whole Wh.
const sameKWh = 0.0021

// bills: a session that was answered is its trip's, and ends with one bill, of no
// more than the car has told.
func bills(x *index) []Violation {
	var out []Violation
	for _, r := range x.records {
		if r.State == charging.Fulfilled && !r.Billed {
			out = append(out, Violation{Rule: OneBill, Trip: r.Trip, EVSE: r.Slot.EVSE, Detail: fmt.Sprintf("%s is FULFILLED without a bill", r.ID)})
		}
	}
	for id, saw := range x.sessionsSeen() {
		for _, why := range x.billed(id, saw) {
			out = append(out, Violation{Rule: OneBill, Trip: saw.trip, EVSE: saw.evse, Detail: fmt.Sprintf("%s: %s", id, why)})
		}
	}
	return out
}

// seen is what was answered about one session.
type seen struct {
	trip  charging.TripID
	evse  charging.EVSEID
	over  bool // FULFILLED
	bills []charging.Session
}

// sessionsSeen gathers the sessions that anybody was told of.
func (x *index) sessionsSeen() map[charging.ReservationID]*seen {
	all := map[charging.ReservationID]*seen{}
	see := func(id charging.ReservationID, t charging.TripID, evse charging.EVSEID, state charging.State, s *charging.Session) {
		if state != charging.Charging && state != charging.Fulfilled || x.dishonest(evse) {
			return
		}
		if all[id] == nil {
			all[id] = &seen{trip: t, evse: evse}
		}
		all[id].over = all[id].over || state == charging.Fulfilled
		if s != nil && s.Price != nil {
			all[id].bills = append(all[id].bills, *s)
		}
	}
	for _, o := range x.ops {
		if !o.OK() {
			continue
		}
		if o.Stop != nil {
			state := o.Stop.State
			if begun(o) {
				state = charging.Charging
			}
			see(o.Stop.ReservationID, o.Stop.Trip, o.EVSE, state, o.Stop.Session)
		}
		for _, l := range o.Legs {
			see(l.ReservationID, o.Trip, l.EVSEID, l.State, l.Session)
		}
	}
	return all
}

// billed says what is wrong with a session that was answered.
func (x *index) billed(id charging.ReservationID, saw *seen) []string {
	r, known := x.records[id]
	switch {
	case !known:
		return []string{"was answered as a session, and has no record"}
	case r.State != charging.Fulfilled && (r.State != charging.Charging || saw.over):
		return []string{"was answered as a session, and is " + string(r.State)}
	}
	t := x.trips[r.Trip]
	k := slices.IndexFunc(t.Legs, func(l trip.Leg) bool { return l.ReservationID == id })
	if k < 0 {
		return []string{"was answered as a session, and its trip has another stop"}
	}
	l := t.Legs[k]
	if l.State != r.State {
		return []string{fmt.Sprintf("is %s, and its trip says %s", r.State, l.State)}
	}
	if r.State == charging.Charging {
		return nil
	}
	if l.Session == nil || l.Session.Price == nil {
		return []string{"is FULFILLED, and its trip has no bill"}
	}
	return append(oneFigure(*l.Session, r, saw.bills), x.believed(t, l)...)
}

// oneFigure holds the bills that were told against the last one. An estimate may
// give way to the car's figure, once.
func oneFigure(last charging.Session, r history.Reservation, told []charging.Session) []string {
	var out []string
	if math.Abs(last.EnergyKWh-r.EnergyKWh) > sameKWh {
		out = append(out, fmt.Sprintf("is billed for %g kWh, and its trip says %g", r.EnergyKWh, last.EnergyKWh))
	}
	for _, b := range told {
		if b.Estimated && !last.Estimated {
			continue
		}
		if b.Estimated != last.Estimated || math.Abs(b.EnergyKWh-last.EnergyKWh) > sameKWh || b.Price.Total != last.Price.Total {
			out = append(out, fmt.Sprintf("was billed %g kWh, %.2f, and in the end %g kWh, %.2f", b.EnergyKWh, b.Price.Total, last.EnergyKWh, last.Price.Total))
		}
	}
	return out
}

// believed: a bill is of no more than the car has said, an estimate of no more
// than was planned.
func (x *index) believed(t trip.Trip, l trip.Leg) []string {
	most := 0.0
	for _, o := range x.words[carAtEVSE{t.VehicleID, l.EVSEID}] {
		if o.Kind == history.Unplug {
			most = max(most, o.Told)
		}
	}
	if l.Session.Estimated {
		most = l.EnergyKWh
		if most == 0 {
			return nil
		}
	}
	if l.Session.EnergyKWh > most+sameKWh {
		return []string{fmt.Sprintf("is billed for %g kWh, at most %g were told or planned", l.Session.EnergyKWh, most)}
	}
	return nil
}
