package fleet

import (
	"slices"
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
			Plugged: after(65), Unplugged: after(95), FromSoC: 0.4, ToSoC: 0.8, BatteryKWh: 20, Efficiency: 0.9, MeterKWh: 20 / 0.9,
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
		s.Plugged, s.Unplugged = s.Plugged.Add(d), s.Unplugged.Add(d)
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

// TestAuditHoldsTheCompanyAgainstTheCar.
func TestAuditHoldsTheCompanyAgainstTheCar(t *testing.T) {
	r := sound()
	told := trip.Trip{ID: tripID, State: trip.Completed, Legs: []trip.Leg{{Leg: 1, ReservationID: rid, EVSEID: evse1, State: charging.Fulfilled}}}
	if found := r.auditTrip(told); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	for name, do := range map[string]func(*trip.Trip){
		"a no-show that charged": func(t *trip.Trip) { t.Legs[0].State = charging.NoShow },
		"another EVSE":           func(t *trip.Trip) { t.Legs[0].EVSEID = evse2 },
		"no such stop":           func(t *trip.Trip) { t.Legs = nil },
		"a stop that nobody used": func(t *trip.Trip) {
			t.Legs = append(t.Legs, trip.Leg{Leg: 2, ReservationID: "another", State: charging.Fulfilled})
		},
	} {
		wrong := told
		wrong.Legs = slices.Clone(told.Legs)
		do(&wrong)
		if found := r.auditTrip(wrong); len(found) != 1 || found[0].What != "company" {
			t.Errorf("%s: %+v", name, found)
		}
	}
}
