package trips

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const plugEVSE = charging.EVSEID("BR*MAR*E0001*1")

func TestPlugFindsTheNearestStop(t *testing.T) {
	s, g, _ := counter(t)
	first := booked(t, s)
	if _, _, err := s.Start(t.Context(), request(at("MAR", 10)), ""); err != nil {
		t.Fatal(err)
	}
	s.Now = func() time.Time { return now.Add(9 * time.Hour) }
	res, err := s.Plug(t.Context(), "EV-0001", charging.Plug{EVSEID: plugEVSE, SoC: 0.2})
	if err != nil || res.State != charging.Charging || res.Session == nil || res.Session.StartSoC != 0.2 || res.TripID == first.ID {
		t.Fatalf("%+v, %v", res, err)
	}
	if len(g.visits) != 1 || g.visits[0].ReservationID != res.ID {
		t.Errorf("%+v", g.visits)
	}
}

// A car that leaves means the stop where it charges, also when another of its
// stops there is nearer in time.
func TestUnplugFindsTheOpenSession(t *testing.T) {
	s, g, _ := counter(t)
	tr := booked(t, s)
	later, _, err := s.Start(t.Context(), request(at("MAR", 10)), "")
	if err != nil {
		t.Fatal(err)
	}
	g.r.trips[tr.ID].Legs[0].State = charging.Charging
	s.Now = func() time.Time { return later.Legs[0].Start }
	res, err := s.Unplug(t.Context(), "EV-0001", charging.Plug{EVSEID: plugEVSE, SoC: 0.8})
	if err != nil || res.TripID != tr.ID || res.State != charging.Fulfilled {
		t.Errorf("%+v, %v", res, err)
	}
}

// Whose trip is one of many is found all the same: closed ones do not count.
func TestPlugAmongManyTrips(t *testing.T) {
	s, g, _ := counter(t)
	open := booked(t, s)
	for range 60 {
		tr := open
		tr.ID, tr.State = newTripID(), trip.Aborted
		g.r.trips[tr.ID] = tr
	}
	if res, err := s.Plug(t.Context(), "EV-0001", charging.Plug{EVSEID: plugEVSE, SoC: 0.2}); err != nil || res.TripID != open.ID {
		t.Errorf("%+v, %v", res, err)
	}
}

func TestWhoMayNotPlugInLearnsWhatToDo(t *testing.T) {
	s, g, _ := counter(t)
	booked(t, s)
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
		"occupied":         {"EV-0001", plugEVSE, charging.CodeEVSEOccupied, charging.CodeEVSEOccupied, "as soon as it has left"},
		"no id of an EVSE": {"EV-0001", "here", "", charging.CodeInvalidField, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g.atPlug = nil
			if tt.refuse != "" {
				g.atPlug = charging.Refuse(tt.refuse, "as the company says")
			}
			_, err := s.Plug(t.Context(), tt.vehicle, charging.Plug{EVSEID: tt.evse, SoC: 0.2})
			if charging.CodeOf(err) != tt.want || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %s with %q", err, tt.want, tt.says)
			}
			var offer *trip.Offer
			if errors.As(err, &offer) != (tt.want == charging.CodeEVSEOccupied) || offer != nil && len(offer.Alternatives) == 0 {
				t.Errorf("offers %+v", offer)
			}
		})
	}
}

// The refusal of an unplug has the words of an unplug.
func TestAnUnplugIsNotToldWhenToPlugIn(t *testing.T) {
	s, g, _ := counter(t)
	booked(t, s)
	g.atPlug = charging.Refuse(charging.CodeTooEarly, "nobody has plugged in")
	_, err := s.Unplug(t.Context(), "EV-0001", charging.Plug{EVSEID: plugEVSE, SoC: 0.8})
	if charging.CodeOf(err) != charging.CodeTooEarly || strings.Contains(err.Error(), "plug in from") {
		t.Errorf("%v", err)
	}
}

// The battery behind a journey goes with the word that a car has left.
func TestUnplugTellsTheBattery(t *testing.T) {
	s, g, _ := counter(t)
	tr := booked(t, s)
	rec := g.r.trips[tr.ID]
	rec.Saga = &trip.Saga{Epoch: 1, Journey: &trip.Journey{UsableKWh: 40}}
	g.r.trips[tr.ID] = rec
	if _, err := s.Unplug(t.Context(), "EV-0001", charging.Plug{EVSEID: plugEVSE, SoC: 0.8}); err != nil || g.visits[0].UsableKWh != 40 {
		t.Errorf("%v, %+v", err, g.visits)
	}
}
