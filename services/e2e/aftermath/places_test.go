package aftermath

import (
	"net/http"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	cars "github.com/eletrovia/eletrovia/pkg/vehicle"
)

// plannedView is a plan, or a trip with its plan, as far as the drive to a stop goes.
type plannedView struct {
	ID   string       `json:"plan_id"`
	Via  []placeView  `json:"via"`
	Legs []chargeView `json:"legs"`
	Plan struct {
		Via    []placeView `json:"via"`
		Margin *float64    `json:"margin_soc"`
	} `json:"plan"`
}

type placeView struct {
	geo.Point
	Stay  float64 `json:"stay_minutes"`
	After int     `json:"after_leg"`
}

type chargeView struct {
	EVSE   string    `json:"evse_id"`
	End    time.Time `json:"end"`
	Depart float64   `json:"depart_soc"`
}

// where an EVSE is, by what the server lists.
func (f *federation) where(evse string) geo.Point {
	f.t.Helper()
	for _, s := range f.sites("MAR") {
		for _, e := range s.EVSEs {
			if e.ID == evse {
				return geo.Point{Lat: s.Lat, Lon: s.Lon}
			}
		}
	}
	f.t.Fatalf("nobody lists %s", evse)
	return geo.Point{}
}

// drives takes the road from place to place, and says how long that takes and what is left of a charge.
func (f *federation) drives(soc float64, over ...geo.Point) (time.Duration, float64) {
	f.t.Helper()
	car, _ := cars.ByID("byd-dolphin")
	var took time.Duration
	for i := range over[1:] {
		way, err := road.Default().Route(over[i], over[i+1])
		if err != nil {
			f.t.Fatal(err)
		}
		took += way.Drive
		soc -= car.SoCFor(way.Km, way.Kmh())
	}
	return took, soc
}

// TestALostStopBehindAPlace: shows a trip by a place off the way that is offered, for the stop behind the place, one that its
// car does not reach by it, or not so soon.
func TestALostStopBehindAPlace(t *testing.T) {
	f := start(t)
	d := f.driver(vehicle(1), "MAR")
	a := d.send(http.MethodPost, "/api/v1/plans", object{
		"origin": object{"city": "João Pessoa, PB"}, "destination": object{"city": "Feira de Santana, BA"},
		"vehicle": object{"model": "byd-dolphin"}, "soc": 0.9, "departure": f.in(26 * time.Hour),
		"via": []object{{"city": "Itabaiana, SE", "stay_minutes": 40}},
	})
	plans := as[struct {
		Plans []plannedView `json:"plans"`
	}](a).Plans
	if a.Status != http.StatusOK || len(plans) == 0 || len(plans[0].Via) != 1 {
		t.Fatalf("plan: %s", a)
	}
	booked := d.booked(d.asks("ask", object{"plan_id": plans[0].ID}))
	via := plans[0].Via[0]
	if via.After == 0 || via.After == len(booked.Legs) {
		t.Fatalf("the place is passed after %d of %d stops", via.After, len(booked.Legs))
	}
	before := as[plannedView](d.send(http.MethodGet, "/api/v1/trips/"+booked.ID, nil)).Legs[via.After-1]
	lost := booked.Legs[via.After]
	f.withdraw(lost.EVSE)
	now := d.sees(booked.ID, "it asks", asksAbout(lost.Leg))
	if len(now.Decision.Alternatives) == 0 {
		t.Fatalf("no alternatives: %+v", now.Decision)
	}
	for _, o := range now.Decision.Alternatives {
		took, left := f.drives(before.Depart, f.where(before.EVSE), via.Point, f.where(o.EVSE))
		there := before.End.Add(took + time.Duration(via.Stay*float64(time.Minute)))
		if left < 0.098 || o.Start.Before(there.Truncate(time.Second)) {
			t.Errorf("%s from %s on: the car is there at %s with %.1f%%", o.EVSE, o.Start, there, 100*left)
		}
	}
	took, _ := f.drives(0, f.where(before.EVSE), via.Point, f.where(lost.EVSE))
	if leave := lost.Start.Add(-took - time.Duration(via.Stay*float64(time.Minute))); now.Decision.ExpiresAt.After(leave.Add(2 * time.Minute)) {
		t.Errorf("it may be decided about until %s; who wants to be there at %s leaves at %s", now.Decision.ExpiresAt, lost.Start, leave)
	}
	if a := d.decide(booked.ID, object{"action": "continue", "alternative_id": now.Decision.Alternatives[0].ID}); a.Status != http.StatusOK {
		t.Fatalf("continue: %s", a)
	}
	d.sees(booked.ID, "it is whole again", func(t tripView) bool { return asksAbout()(t) && t.Legs[via.After].State == "RESERVED" })
	after := as[plannedView](d.send(http.MethodGet, "/api/v1/trips/"+booked.ID, nil))
	if len(after.Plan.Via) != 1 || after.Plan.Margin == nil || *after.Plan.Margin < -0.002 {
		t.Errorf("with the first one taken the trip has %+v", after.Plan)
	}
}
