package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func TestReservationSurvivesTheWire(t *testing.T) {
	want := charging.Reservation{
		ID: rsvID, TripID: tripID, Origin: "SER", Leg: 1, EVSEID: "BR*MAR*E0001*1",
		Window: charging.NewWindow(now, now.Add(time.Hour)), VehicleID: "EV-0001", State: charging.Pending,
		Fence: 1763899200000001, Epoch: 2, TTL: 19 * time.Second, GrantedAt: "1763899200000001",
		Started: now.Add(time.Minute), Ticket: "a.b.c", Replay: true, Settled: true, Reason: "r",
	}
	var back Reservation
	if err := json.Unmarshal(marshal(t, ReservationOf(want)), &back); err != nil {
		t.Fatal(err)
	}
	if got := back.Charging(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestInstantsEndInZ(t *testing.T) {
	at := now.In(time.FixedZone("BRT", -3*3600))
	r := charging.Reservation{Window: charging.Window{Start: at, End: at.Add(time.Hour)}, Started: at}
	body := string(marshal(t, ReservationOf(r)))
	if strings.Contains(body, "-03:00") || strings.Count(body, `Z"`) != 3 {
		t.Errorf("got %s", body)
	}
	tomb := string(marshal(t, ReservationOf(charging.Reservation{Window: charging.Window{End: at}})))
	if strings.Contains(tomb, "start") || strings.Contains(tomb, "0001-01-01") {
		t.Errorf("a tombstone has no start: %s", tomb)
	}
}

func TestLocationSurvivesTheWire(t *testing.T) {
	want := charging.Location{
		ID: "BR*MAR*LJPA01", Company: "MAR", Name: "Orla", City: "João Pessoa", State: "PB",
		EVSEs: []charging.EVSE{{ID: "BR*MAR*E0001*1", Status: charging.StatusAvailable, Connectors: []charging.Connector{
			{ID: "1", Standard: "IEC_62196_T2_COMBO", PowerKW: 60, TariffID: "t"},
		}}},
		Tariffs: []charging.Tariff{{ID: "t", Currency: "BRL", PerKWh: 1.99, PerSession: 2}},
		Terms: charging.Terms{
			NoShowTimeout: 15 * time.Minute, CancelUntil: time.Hour, CancelGrace: 5 * time.Minute, EarlyPlug: 500 * time.Millisecond, MaxAhead: charging.MaxAhead,
		},
	}
	want.Point.Lat, want.Point.Lon = -7.1, -34.8
	var back Location
	if err := json.Unmarshal(marshal(t, LocationOf(want)), &back); err != nil {
		t.Fatal(err)
	}
	if got := back.Charging(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAvailabilitySurvivesTheWire(t *testing.T) {
	want := []charging.Free{{EVSEID: "BR*MAR*E0001*1", Windows: []charging.Window{charging.NewWindow(now, now.Add(time.Hour))}}}
	if got := FreeOf(AvailabilityOf(want)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if got := string(marshal(t, AvailabilityOf([]charging.Free{{EVSEID: "x"}}))); !strings.Contains(got, `"windows":[]`) {
		t.Errorf("got %s", got)
	}
}
