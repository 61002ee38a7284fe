package driver

import (
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func TestWishesAreSent(t *testing.T) {
	j := journey{
		from: "a", to: "b", soc: 0.9, minArrival: 0.1, arrival: "+8h", avoid: []string{"CAJ", "BR*MAR*E0001*1"},
		insist: []string{"BR*SER*LREC01"}, air: 35, load: 200,
	}
	r, err := j.request(day)
	if err != nil {
		t.Fatal(err)
	}
	if r.LatestArrival.Sub(day).Hours() != 8 || r.Avoid.Companies[0] != "CAJ" || r.Avoid.EVSEs[0] != "BR*MAR*E0001*1" ||
		r.Insist.Locations[0] != charging.LocationID("BR*SER*LREC01") || r.Vehicle.Conditions.AirC != 35 || r.Vehicle.Conditions.LoadKg != 200 {
		t.Errorf("%+v", r)
	}
	for _, bad := range []journey{{from: "a", to: "b", avoid: []string{"the red one"}}, {from: "a", to: "b", arrival: "soon"}} {
		if _, err := bad.request(day); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
