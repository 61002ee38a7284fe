package fleet

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// sound are books that balance: an hour on the road, five minutes of waiting, half
// an hour at the plug, an hour on the road.
func sound() Record {
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	after := func(m int) time.Time { return at.Add(time.Duration(m) * time.Minute) }
	return Record{
		Vehicle: "EV-1", Ending: Arrived, Departure: at, Arrival: after(155), BatteryKWh: 50, StartKWh: 40, ConsumedKWh: 30, EndKWh: 30,
		Km: 160, Paid: 1 + 2*20/0.9 + 3,
		Phases: []Phase{
			{PhaseDrive, at, after(60), 80},
			{PhaseWait, after(60), after(65), 0},
			{PhaseCharge, after(65), after(95), 0},
			{PhaseDrive, after(95), after(155), 80},
		},
		Sessions: []Session{{
			ReservationID: rid, TripID: tripID, Company: "MAR", EVSE: evse1, Window: charging.Window{Start: after(65), End: after(90)},
			Asked: after(65), Plugged: after(65), Released: after(95), Unplugged: after(95), FromSoC: 0.4, ToSoC: 0.8, BatteryKWh: 20, Efficiency: 0.9, MeterKWh: 20 / 0.9,
			PerKWh: 2, PerSession: 1, Price: 1 + 2*20/0.9 + 3, Overstayed: 5 * time.Minute, Overstay: 3, Billed: true, BilledKWh: 20 / 0.9,
		}},
	}
}

func TestSoundBooksBalance(t *testing.T) {
	if found := Audit([]Record{sound(), {Ending: Lost}, {Ending: Impossible}}); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

// TestAuditFindsWhatIsWrong falsifies one figure at a time.
func TestAuditFindsWhatIsWrong(t *testing.T) {
	for name, tt := range map[string]struct {
		what string
		do   func(*Record)
	}{
		"charge from nowhere":      {"energy", func(r *Record) { r.EndKWh++ }},
		"consumption forgotten":    {"energy", func(r *Record) { r.ConsumedKWh -= 0.01 }},
		"a session left out":       {"energy", func(r *Record) { r.Sessions, r.Paid = nil, 0 }},
		"fuller than full":         {"energy", func(r *Record) { r.StartKWh, r.EndKWh = 65, 55 }},
		"the meter runs slow":      {"energy", func(r *Record) { r.Sessions[0].MeterKWh -= 0.1 }},
		"billed for more":          {"energy", func(r *Record) { r.Sessions[0].BilledKWh++ }},
		"the display is wrong":     {"energy", func(r *Record) { r.Sessions[0].ToSoC = 0.9 }},
		"a hole in the day":        {"time", func(r *Record) { r.Phases = slices.Delete(r.Phases, 1, 2) }},
		"arrived before":           {"time", func(r *Record) { r.Arrival = r.Arrival.Add(-time.Minute) }},
		"flown":                    {"time", func(r *Record) { r.Phases[0].Km, r.Km = 300, 380 }},
		"pushed":                   {"time", func(r *Record) { r.Phases[0].Km, r.Km = 1, 81 }},
		"km while waiting":         {"time", func(r *Record) { r.Phases[1].Km, r.Km = 5, 165 }},
		"km lost":                  {"time", func(r *Record) { r.Km = 100 }},
		"plugged in on the road":   {"time", func(r *Record) { r.Sessions[0].Plugged = r.Departure.Add(time.Minute) }},
		"the price is made up":     {"money", func(r *Record) { r.Sessions[0].Price += 0.05; r.Paid += 0.05 }},
		"overstaying not charged":  {"money", func(r *Record) { r.Sessions[0].Overstay = 0 }},
		"overstaying not noted":    {"money", func(r *Record) { r.Sessions[0].Overstayed = 0 }},
		"charged for overstaying":  {"money", func(r *Record) { r.Sessions[0].Overstayed, r.Sessions[0].Window.End = 0, r.Sessions[0].Unplugged }},
		"paid twice":               {"money", func(r *Record) { r.Paid *= 2 }},
		"the same kWh, one tariff": {"money", func(r *Record) { r.Sessions[0].PerKWh = 1.5 }},
	} {
		r := sound()
		tt.do(&r)
		found := Audit([]Record{r})
		if !slices.ContainsFunc(found, func(i Imbalance) bool { return i.What == tt.what && i.Vehicle == "EV-1" && i.Detail != "" }) {
			t.Errorf("%s: found %+v", name, found)
		}
	}
}

// TestAuditFindsTwoCarsAtAPlug, at a time or in one window.
func TestAuditFindsTwoCarsAtAPlug(t *testing.T) {
	shifted := func(d time.Duration) Record {
		r := sound()
		r.Vehicle, r.Departure, r.Arrival = "EV-2", r.Departure.Add(d), r.Arrival.Add(d)
		for i := range r.Phases {
			r.Phases[i].From, r.Phases[i].To = r.Phases[i].From.Add(d), r.Phases[i].To.Add(d)
		}
		s := &r.Sessions[0]
		s.Asked, s.Plugged, s.Released, s.Unplugged = s.Asked.Add(d), s.Plugged.Add(d), s.Released.Add(d), s.Unplugged.Add(d)
		s.Window.Start, s.Window.End = s.Window.Start.Add(d), s.Window.End.Add(d)
		return r
	}
	if found := Audit([]Record{sound(), shifted(30 * time.Minute)}); len(found) > 0 {
		t.Errorf("one after the other: %+v", found)
	}
	if found := Audit([]Record{sound(), shifted(10 * time.Minute)}); len(found) != 2 || found[0].What != "exclusive" {
		t.Errorf("both at a time: %+v", found)
	}
	overlap := shifted(30 * time.Minute)
	overlap.Sessions[0].Window.Start = sound().Sessions[0].Window.End.Add(-time.Minute)
	if found := Audit([]Record{sound(), overlap}); len(found) != 1 || found[0].What != "exclusive" {
		t.Errorf("sold twice: %+v", found)
	}
}

// TestAuditFindsOneCarAtTwoPlugs.
func TestAuditFindsOneCarAtTwoPlugs(t *testing.T) {
	elsewhere := sound()
	elsewhere.Sessions[0].EVSE, elsewhere.Journey = evse2, 1
	found := Audit([]Record{sound(), elsewhere})
	if len(found) != 1 || found[0].What != "exclusive" || !strings.Contains(found[0].Detail, string(evse2)) {
		t.Errorf("%+v", found)
	}
}

// TestAuditFindsWhoWasLetInTooEarly: during the window of another car, which came
// after it had left.
func TestAuditFindsWhoWasLetInTooEarly(t *testing.T) {
	early, booked := sound(), sound()
	booked.Vehicle = "EV-2"
	s, w := &early.Sessions[0], booked.Sessions[0].Window
	s.Asked, s.Plugged, s.Released = w.Start.Add(time.Minute), w.Start.Add(time.Minute), w.Start.Add(5*time.Minute)
	s.Window = charging.Window{Start: w.End, End: w.End.Add(time.Hour)}
	booked.Sessions[0].Asked, booked.Sessions[0].Plugged = w.Start.Add(10*time.Minute), w.Start.Add(10*time.Minute)
	found := exclusive([]Record{early, booked})
	if len(found) != 1 || found[0].Vehicle != "EV-1" || !strings.Contains(found[0].Detail, "in the window of EV-2") {
		t.Errorf("%+v", found)
	}
}

// TestAuditFindsWhatShouldNotHaveBeenLetHappen.
func TestAuditFindsWhatShouldNotHaveBeenLetHappen(t *testing.T) {
	r := sound()
	r.Attempts = []Attempt{{Misdeed: Barge, Answer: "TOO_EARLY"}, {Misdeed: SwapAway, EVSE: evse1, Answer: LetIn, Wrong: "the stop was changed"}}
	if found := Audit([]Record{r}); len(found) != 1 || found[0].What != "manners" || !strings.Contains(found[0].Detail, "swap_away at "+string(evse1)) {
		t.Errorf("%+v", found)
	}
}

// billed is a trip as its company tells it after sound().
func billed() trip.Trip {
	s := sound().Sessions[0]
	return trip.Trip{ID: tripID, State: trip.Completed, Legs: []trip.Leg{{
		Leg: 1, ReservationID: rid, EVSEID: evse1, State: charging.Fulfilled, EnergyKWh: 23,
		Session: &charging.Session{EnergyKWh: s.MeterKWh, EndedAt: s.Unplugged, Price: &charging.Price{Total: s.Price}},
	}}}
}

// TestAuditHoldsTheCompanyAgainstTheCar.
func TestAuditHoldsTheCompanyAgainstTheCar(t *testing.T) {
	r := sound()
	if found := r.auditTrip(billed()); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	for name, do := range map[string]func(*trip.Trip){
		"a no-show that charged": func(t *trip.Trip) { t.Legs[0].State = charging.NoShow },
		"another EVSE":           func(t *trip.Trip) { t.Legs[0].EVSEID = evse2 },
		"no such stop":           func(t *trip.Trip) { t.Legs = nil },
		"a stop that nobody used": func(t *trip.Trip) {
			t.Legs = append(t.Legs, trip.Leg{Leg: 2, ReservationID: "another", State: charging.Fulfilled})
		},
		"no bill":                  func(t *trip.Trip) { t.Legs[0].Session = nil },
		"a bill for less":          func(t *trip.Trip) { t.Legs[0].Session.EnergyKWh-- },
		"a bill for more":          func(t *trip.Trip) { t.Legs[0].Session.EnergyKWh++ },
		"another sum":              func(t *trip.Trip) { t.Legs[0].Session.Price.Total++ },
		"an estimate for a figure": func(t *trip.Trip) { t.Legs[0].Session.Estimated = true },
	} {
		wrong := billed()
		do(&wrong)
		if found := r.auditTrip(wrong); len(found) != 1 || found[0].What != "company" {
			t.Errorf("%s: %+v", name, found)
		}
	}
	twice := sound()
	twice.Sessions = append(twice.Sessions, twice.Sessions[0])
	if found := twice.auditTrip(billed()); len(found) != 1 || !strings.Contains(found[0].Detail, "for one bill") {
		t.Errorf("two sessions, one bill: %+v", found)
	}
}

// TestAuditOfASessionThatWasNeverEnded: an estimate, and of no more than was
// planned.
func TestAuditOfASessionThatWasNeverEnded(t *testing.T) {
	r, told := sound(), billed()
	r.Sessions[0].Silent = true
	told.Legs[0].Session.Estimated = true
	if found := r.auditTrip(told); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	told.Legs[0].Session.EnergyKWh = 24
	if found := r.auditTrip(told); len(found) != 1 || !strings.Contains(found[0].Detail, "above the 23.000 that were planned") {
		t.Errorf("%+v", found)
	}
	told.Legs[0].Session.Estimated = false
	if found := r.auditTrip(told); len(found) != 1 || !strings.Contains(found[0].Detail, "no estimate") {
		t.Errorf("%+v", found)
	}
}
