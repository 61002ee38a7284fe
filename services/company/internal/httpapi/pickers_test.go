package httpapi

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

// Each place is found with all that a map and a plan need of it, no more of them than
// asked for; what is no search is refused by name.
func TestPlacesByWhatIsTyped(t *testing.T) {
	w := newWorld(t)
	got := decode[[]api.FoundPlace](t, w.ask("GET", "/api/v1/places?q=Feira&limit=2", asNobody, ""))
	want := api.FoundPlace{Name: "Feira de Santana, BA", City: "Feira de Santana", State: "BA", Lat: got[0].Lat, Lon: got[0].Lon}
	if len(got) != 2 || got[0] != want || got[0].Lat > -12 || got[0].Lat < -13 {
		t.Errorf("%+v", got)
	}
	if rec := w.ask("GET", "/api/v1/places?q=xyzxyzxyz", asNobody, ""); rec.Code != 200 || rec.Body.String() != "[]" {
		t.Errorf("nothing found: %d %s", rec.Code, rec.Body)
	}
	for _, bad := range []string{"/places", "/places?q=a&limit=51", "/places?q=a&limit=x", "/places/near?lat=1", "/places/near?lat=91&lon=0", "/places/near?lat=NaN&lon=0"} {
		if rec := w.ask("GET", "/api/v1"+bad, asNobody, ""); code(rec) != "INVALID_FIELD" {
			t.Errorf("%s: %d %s", bad, rec.Code, rec.Body)
		}
	}
}

func TestPlacesNearAPoint(t *testing.T) {
	got := decode[[]api.FoundPlace](t, newWorld(t).ask("GET", "/api/v1/places/near?lat=-7.12&lon=-34.86&limit=3", asNobody, ""))
	if len(got) != 3 || got[0].Name != "João Pessoa, PB" || *got[0].DistanceKM > 2 || *got[1].DistanceKM < *got[0].DistanceKM {
		t.Errorf("%+v", got)
	}
}

func TestModelsAreThoseOfTheCatalogue(t *testing.T) {
	got := decode[[]api.Model](t, newWorld(t).ask("GET", "/api/v1/models", asNobody, ""))
	var ids []string
	for _, m := range got {
		ids = append(ids, m.ID)
		if len(m.Ports) == 0 || len(m.DCCurve) == 0 || m.DCKW == 0 || m.UsableBatteryKWh == 0 || m.ConsumptionKWh100Km == 0 || m.ACKW == 0 {
			t.Errorf("%+v", m)
		}
	}
	if len(ids) != len(vehicle.All()) || !slices.IsSorted(ids) {
		t.Errorf("%v", ids)
	}
}

// A vehicle is told about itself, and nobody else about anybody; what is not known is
// null, not left out.
func TestMe(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.ModelOf = func(_ context.Context, id charging.VehicleID) (string, bool) { return "byd-dolphin", id == car }
		o.LastSeen = func(id charging.VehicleID) (api.Sighting, bool) {
			return api.Sighting{At: now, SoC: 0.5, Lat: -7, Lon: -35}, id == car
		}
	})
	me := decode[api.Me](t, w.ask("GET", "/api/v1/vehicles/me", asCar, ""))
	if me.VehicleID != car || me.Model == nil || *me.Model != "byd-dolphin" || *me.Last != (api.Sighting{At: now.In(time.UTC), SoC: 0.5, Lat: -7, Lon: -35}) {
		t.Errorf("%+v", me)
	}
	if rec := w.ask("GET", "/api/v1/vehicles/me", asOtherCar, ""); rec.Body.String() != `{"vehicle_id":"EV-0002","model":null,"last":null,"messages":[]}` {
		t.Errorf("%s", rec.Body)
	}
	for as, want := range map[string]int{asOperator: http.StatusForbidden, asPeer: http.StatusForbidden, asNobody: http.StatusUnauthorized, asWrong: http.StatusUnauthorized} {
		if rec := w.ask("GET", "/api/v1/vehicles/me", as, ""); rec.Code != want {
			t.Errorf("%q: %d %s", as, rec.Code, rec.Body)
		}
	}
}
