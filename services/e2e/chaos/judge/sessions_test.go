package judge

import (
	"slices"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

const beside charging.EVSEID = "BR*SER*E0002*1"

// plugged adds a plug that was answered with a session.
func (w *world) plugged(id string, call, ret int) {
	w.said(history.Plug, id, call, ret, 0, charging.Charging, nil)
	w.state(id, charging.Charging, nil)
}

// left adds an unplug that was answered with a bill, and the end of the trip.
func (w *world) left(id string, call, ret int, kWh float64) {
	s := bill(kWh)
	w.said(history.Unplug, id, call, ret, kWh, charging.Fulfilled, s)
	w.over(id, s)
}

// over ends a session in the stores.
func (w *world) over(id string, s *charging.Session) {
	w.state(id, charging.Fulfilled, s)
	w.trip(id).State = trip.Completed
	w.record(id).Billed, w.record(id).EnergyKWh = true, s.EnergyKWh
	w.store.Calendar = slices.DeleteFunc(w.store.Calendar, func(b history.Booking) bool { return b.ID == rid(id) })
}

func bill(kWh float64) *charging.Session {
	return &charging.Session{EnergyKWh: kWh, Price: &charging.Price{Total: 2 * kWh}}
}

func (w *world) said(kind history.Kind, id string, call, ret int, told float64, state charging.State, s *charging.Session) {
	w.Ops = append(w.Ops, history.Op{
		Kind: kind, Call: sec(call), Return: sec(ret), Company: "MAR", Vehicle: charging.VehicleID("car-" + id), Trip: charging.TripID(id),
		EVSE: w.record(id).Slot.EVSE, Answered: true, Status: 200, Told: told,
		Stop: &history.Stop{ReservationID: rid(id), Trip: charging.TripID(id), State: state, Session: s},
	})
}

func (w *world) state(id string, s charging.State, ended *charging.Session) {
	t := w.trip(id)
	t.Legs = slices.Clone(t.Legs)
	t.Legs[0].State, t.Legs[0].Session = s, ended
	w.record(id).State = s
}

// withdrew adds an EVSE's withdrawal, and what comes of a stop there.
func (w *world) withdrew(id string, call, ret int) {
	w.Ops = append(w.Ops, history.Op{Kind: history.Withdraw, EVSE: w.record(id).Slot.EVSE, Call: sec(call), Return: sec(ret), Answered: true})
	w.state(id, charging.Canceled, nil)
	w.trip(id).Ask(trip.Decision{Leg: 1})
	w.store.Calendar = slices.DeleteFunc(w.store.Calendar, func(b history.Booking) bool { return b.ID == rid(id) })
}

// road is a good history of cars at plugs: one has charged and left, and then the
// next one plugs in and stays; a third stop was lost and is asked about.
func road() *world {
	w := &world{}
	other := slot(9)
	other.EVSE = beside
	w.Began = noon
	w.booked("a", slot(8), 1, 2)
	w.booked("b", slot(9), 1, 2)
	w.booked("c", other, 1, 2)
	w.plugged("a", 3, 4)
	w.left("a", 6, 7, 5)
	w.plugged("b", 8, 9)
	w.withdrew("c", 10, 11)
	return w
}

func TestAGoodRoadIsAccepted(t *testing.T) {
	for name, change := range map[string]func(w *world){
		"as it is":                  func(*world) {},
		"nobody could reach a peer": func(w *world) { w.record("b").Slot.EVSE = "BR*CAJ*E0001*1"; w.moved("b", "car-a") },
		"an estimate gives way to the car's figure": func(w *world) {
			s := bill(30)
			s.Estimated = true
			w.Ops = append(w.Ops, history.Op{Kind: history.Read, Trip: "a", Call: sec(5), Return: sec(5), Answered: true, Legs: []trip.Leg{
				{Leg: 1, ReservationID: rid("a"), EVSEID: evse, State: charging.Fulfilled, Session: s},
			}})
		},
		"an unplug without an answer": func(w *world) {
			for k := range w.Ops {
				if w.Ops[k].Kind == history.Unplug {
					w.Ops[k].Answered, w.Ops[k].Stop, w.Ops[k].Return = false, nil, sec(20)
				}
			}
		},
		"a plug that was answered late, after its charger had broken": func(w *world) {
			w.Ops = append(w.Ops, history.Op{Kind: history.Withdraw, EVSE: evse, Call: sec(3), Return: sec(4), Answered: true})
			w.plugged("b", 5, 6)
		},
		"an unplug was kept for its plug": func(w *world) {
			w.said(history.Unplug, "a", 2, 2, 5, charging.Reserved, nil)
			o := &w.Ops[len(w.Ops)-1]
			o.Status, o.Stop = history.Kept, nil
			w.plugged("b", 4, 5)
		},
		"its stops' time has come": func(w *world) { w.Began = slot(9).Window.Start; w.trip("c").State = trip.Canceled },
		"part of it was canceled": func(w *world) {
			t := w.trip("b")
			gone := leg("z", slot(12), charging.Canceled, 0)
			gone.Leg, t.Legs = 2, append(slices.Clone(t.Legs), gone)
			w.store.Reservations = append(w.store.Reservations, history.Reservation{ID: rid("z"), Trip: "b", Slot: slot(12), State: charging.Canceled})
			w.Ops = append(w.Ops, history.Op{Kind: history.Cancel, Trip: "b", Call: sec(12), Return: sec(13), Answered: true, State: trip.Confirmed, Legs: t.Legs})
		},
		"a car overstays": func(w *world) {
			for k := range w.store.Calendar {
				w.store.Calendar[k].Slot.Window.End = slot(11).Window.End
			}
			w.booked("d", slot(10), 12, 13)
		},
		"it did charge there, but left while it was asked": func(w *world) {
			w.Contests = []history.Contest{{Since: sec(5), At: sec(7), From: "CAJ", To: "SER", Vehicle: "car-a"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := road()
			change(w)
			if v := w.verdict(); len(v.Violations) > 0 || v.Sessions < 2 || v.Bills < 1 {
				t.Errorf("%d sessions, %d bills, %v", v.Sessions, v.Bills, v.Violations)
			}
		})
	}
}

// moved gives a trip's stop another vehicle, at the EVSE of its record.
func (w *world) moved(id string, vehicle charging.VehicleID) {
	at := w.record(id).Slot.EVSE
	w.trip(id).VehicleID, w.trip(id).Origin = vehicle, "CAJ"
	w.trip(id).Legs[0].EVSEID = at
	for k := range w.store.Calendar {
		if w.store.Calendar[k].ID == rid(id) {
			w.store.Calendar[k].Slot.EVSE = at
		}
	}
	for k, o := range w.Ops {
		if o.Trip == charging.TripID(id) {
			w.Ops[k].Vehicle = vehicle
			for l := range o.Legs {
				w.Ops[k].Legs[l].EVSEID = at
			}
			if o.EVSE != "" {
				w.Ops[k].EVSE = at
			}
			if o.Kind == history.Plug {
				w.Ops[k].Call, w.Ops[k].Return = sec(4), sec(5)
			}
		}
	}
}

// TestEachSpoiltRoadIsRefused spoils it in one way at a time.
func TestEachSpoiltRoadIsRefused(t *testing.T) {
	word := func(w *world, kind history.Kind) *history.Op {
		return &w.Ops[slices.IndexFunc(w.Ops, func(o history.Op) bool { return o.Kind == kind })]
	}
	for name, c := range map[string]struct {
		spoil func(w *world)
		rule  Rule
	}{
		"a second car is let onto the plug": {func(w *world) { w.plugged("b", 4, 5) }, OneSession},
		"one car charges at two plugs": {func(w *world) {
			w.record("b").Slot.EVSE = beside
			w.moved("b", "car-a")
		}, OneSession},
		"one car charges at two companies, and all could be reached": {func(w *world) {
			w.Quiet = true
			w.record("b").Slot.EVSE = "BR*CAJ*E0001*1"
			w.moved("b", "car-a")
		}, OneSession},
		"a peer says that the car does not charge there": {func(w *world) {
			w.Contests = []history.Contest{{Since: sec(5), At: sec(5), From: "CAJ", To: "SER", Vehicle: "car-a"}}
		}, OneSession},
		"a session is compensated":         {func(w *world) { w.state("b", charging.Canceled, nil) }, OneBill},
		"a session is RESERVED again":      {func(w *world) { w.state("b", charging.Reserved, nil) }, OneBill},
		"a billed stop is exchanged":       {func(w *world) { w.trip("a").Legs[0].ReservationID = "r-z" }, OneBill},
		"a session ends without a bill":    {func(w *world) { w.record("a").Billed = false }, OneBill},
		"a trip does not show its bill":    {func(w *world) { w.trip("a").Legs[0].Session = nil }, OneBill},
		"a trip shows another bill":        {func(w *world) { w.trip("a").Legs[0].Session = bill(4) }, OneBill},
		"a trip does not hear of the end":  {func(w *world) { w.trip("a").Legs[0].State = charging.Charging }, OneBill},
		"a second unplug has another bill": {func(w *world) { w.said(history.Unplug, "a", 8, 9, 6, charging.Fulfilled, bill(6)) }, OneBill},
		"more is billed than the car told": {func(w *world) { word(w, history.Unplug).Told = 4 }, OneBill},
		"an estimate is more than was planned": {func(w *world) {
			s := bill(5)
			s.Estimated = true
			w.over("a", s)
			w.trip("a").Legs[0].EnergyKWh, word(w, history.Unplug).Stop.Session = 4, nil
		}, OneBill},
		"a lost stop is not asked about": {func(w *world) { w.trip("c").Answered() }, Asked},
		"a trip without a stop is COMPLETED": {func(w *world) {
			w.trip("c").Answered()
			w.trip("c").State = trip.Completed
		}, AllOrNothing},
		"a trip that lost its last stop is CANCELED unasked": {func(w *world) { w.trip("c").State = trip.Canceled }, Answers},
		"an answer tells of a lost stop and asks nothing": {func(w *world) {
			t := w.trip("c")
			w.Ops = append(w.Ops, history.Op{Kind: history.Read, Trip: "c", Call: sec(12), Return: sec(13), Answered: true, State: trip.Confirmed, Legs: t.Legs})
		}, Asked},
		"a CHARGING overlaps a RESERVED": {func(w *world) {
			w.store.Reservations = append(w.store.Reservations, history.Reservation{ID: "r-x", Trip: "b", Slot: slot(9), State: charging.Reserved})
		}, Overlap},
		"a CHARGING is of no trip":           {func(w *world) { w.trip("b").State = trip.Canceled }, AllOrNothing},
		"a trip has nothing left, and stays": {func(w *world) { w.trip("a").State = trip.Confirmed }, Unfinished},
		"a plug is never answered":           {func(w *world) { w.trip("b").Saga.Plugging = &trip.Plugging{Leg: 1} }, Unfinished},
		"a part that was let go of is still booked": {func(w *world) {
			w.trip("b").Legs[0].State = charging.Canceled
			w.Ops = append(w.Ops, history.Op{Kind: history.Cancel, Trip: "b", Call: sec(12), Return: sec(13), Answered: true, State: trip.Confirmed, Legs: w.trip("b").Legs})
		}, AllOrNothing},
	} {
		t.Run(name, func(t *testing.T) {
			w := road()
			c.spoil(w)
			if got := w.verdict(); !slices.Contains(got.Rules(), c.rule) {
				t.Errorf("want %q, found %q: %v", c.rule, got.Rules(), got.Violations)
			}
		})
	}
}
