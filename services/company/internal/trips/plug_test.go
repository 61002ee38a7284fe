package trips

import (
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const plugEVSE = charging.EVSEID("BR*MAR*E0001*1")

// private gives every trip on record the saga's own part.
func private(r *records, j *trip.Journey) {
	for id, t := range r.trips {
		t.Saga = &trip.Saga{Epoch: 1, Journey: j}
		r.trips[id] = t
	}
}

func TestPlugFindsTheNearestStop(t *testing.T) {
	s, g, c := counter(t)
	first := booked(t, s)
	if _, _, err := s.Start(t.Context(), request(at("MAR", 10)), ""); err != nil {
		t.Fatal(err)
	}
	s.Now = func() time.Time { return now.Add(9 * time.Hour) }
	private(g.r, nil)
	if _, err := s.Plug(t.Context(), "EV-0001", charging.Plug{EVSEID: plugEVSE, SoC: 0.2}); err != nil {
		t.Fatal(err)
	}
	if len(c.plugged) != 1 || c.plugged[0].TripID == first.ID {
		t.Errorf("plugged in for %+v", c.plugged)
	}
	if n := g.notices; len(n) != 1 || n[0].Session == nil || n[0].Session.StartSoC != 0.2 || n[0].State != charging.Reserved {
		t.Errorf("the trip was told %+v", n)
	}
}

func TestWhoMayNotPlugInLearnsWhatToDo(t *testing.T) {
	s, g, c := counter(t)
	booked(t, s)
	private(g.r, nil)
	for name, tt := range map[string]struct {
		vehicle charging.VehicleID
		evse    charging.EVSEID
		refuse  charging.Code
		want    charging.Code
		says    string
	}{
		"another EVSE":     {"EV-0001", "BR*MAR*E0001*2", "", charging.CodeNoReservationHere, "stop 1"},
		"nothing booked":   {"EV-0002", plugEVSE, "", charging.CodeNoReservationHere, "plan a trip"},
		"too early":        {"EV-0001", plugEVSE, charging.CodeTooEarly, charging.CodeTooEarly, "plug in from"},
		"too late":         {"EV-0001", plugEVSE, charging.CodeTooLate, charging.CodeTooLate, "alternatives"},
		"no id of an EVSE": {"EV-0001", "here", "", charging.CodeInvalidField, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.refuse = nil
			if tt.refuse != "" {
				c.refuse = charging.Refuse(tt.refuse, "as the company says")
			}
			_, err := s.Plug(t.Context(), tt.vehicle, charging.Plug{EVSEID: tt.evse, SoC: 0.2})
			if charging.CodeOf(err) != tt.want || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %s with %q", err, tt.want, tt.says)
			}
		})
	}
}

func TestUnplugTellsTheEnergy(t *testing.T) {
	meter := 17.5
	for name, tt := range map[string]struct {
		journey *trip.Journey
		plug    charging.Plug
		want    float64
	}{
		"by the meter":        {nil, charging.Plug{EVSEID: plugEVSE, SoC: 0.8, EnergyKWh: &meter}, 17.5},
		"by the battery":      {&trip.Journey{UsableKWh: 40}, charging.Plug{EVSEID: plugEVSE, SoC: 0.8}, 24},
		"a battery that lost": {&trip.Journey{UsableKWh: 40}, charging.Plug{EVSEID: plugEVSE, SoC: 0.1}, 0},
		"as it was planned":   {nil, charging.Plug{EVSEID: plugEVSE, SoC: 0.8}, 11},
	} {
		t.Run(name, func(t *testing.T) {
			s, g, c := counter(t)
			tr := booked(t, s)
			private(g.r, tt.journey)
			rec := g.r.trips[tr.ID]
			rec.Legs[0].Session = &charging.Session{StartedAt: now, StartSoC: 0.2}
			rec.Legs[0].EnergyKWh = 11
			got, err := s.Unplug(t.Context(), "EV-0001", tt.plug)
			if err != nil || c.kWh != tt.want || got.Session.Price.Total != 2*tt.want || got.Session.StartSoC != 0.2 {
				t.Errorf("%v: %v kWh, session %+v; want %v kWh", err, c.kWh, got.Session, tt.want)
			}
			if n := g.notices; len(n) != 1 || n[0].State != charging.Fulfilled || n[0].Session.Price == nil {
				t.Errorf("the trip was told %+v", n)
			}
		})
	}
}
