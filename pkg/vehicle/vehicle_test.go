package vehicle_test

import (
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

func dolphin(t testing.TB) vehicle.Vehicle {
	t.Helper()
	v, ok := vehicle.ByID("byd-dolphin")
	if !ok {
		t.Fatal("there is no byd-dolphin")
	}
	return v
}

func TestModels(t *testing.T) {
	all := vehicle.All()
	if len(all) < 15 {
		t.Errorf("%d models, want at least 15", len(all))
	}
	id := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, v := range all {
		if !id.MatchString(v.ID) || seen[v.ID] || v.Name == "" {
			t.Errorf("%q (%q): a bad id, twice, or no name", v.ID, v.Name)
		}
		seen[v.ID] = true
		if err := v.Validate(); err != nil {
			t.Errorf("%s: %v", v.ID, err)
		}
		if len(v.DCCurve) == 0 || v.ACKW == 0 {
			t.Errorf("%s: no curve or no AC power", v.ID)
		}
		if len(v.Ports) != 2 || v.Ports[0] != "IEC_62196_T2" || (v.Ports[1] != "IEC_62196_T2_COMBO" && v.Ports[1] != "CHADEMO") {
			t.Errorf("%s has the ports %v", v.ID, v.Ports)
		}
		for _, p := range v.DCCurve {
			if p.KW() > v.DCKW+0.05 {
				t.Errorf("%s takes %v kW at %v%%, above its %v", v.ID, p.KW(), p.Percent(), v.DCKW)
			}
		}
		if km := v.RangeKm(1, 72); km < 180 || km > 550 {
			t.Errorf("%s gets %.0f km far", v.ID, km)
		}
		if d := v.ChargeTime(0.1, 0.8, 150, true); d < 10*time.Minute || d > time.Hour {
			t.Errorf("%s charges from 10 to 80%% in %v", v.ID, d)
		}
	}
}

func TestModelsAreCopies(t *testing.T) {
	dolphin(t).DCCurve[0][1] = -1
	vehicle.All()[0].DCCurve[0][1] = -1
	dolphin(t).Ports[0] = "none"
	if err := dolphin(t).Validate(); err != nil {
		t.Errorf("a caller changed the model: %v", err)
	}
	if dolphin(t).Ports[0] != "IEC_62196_T2" {
		t.Error("a caller changed a model's ports")
	}
	if err := vehicle.All()[0].Validate(); err != nil {
		t.Errorf("a caller changed the model: %v", err)
	}
	if _, ok := vehicle.ByID("horse"); ok {
		t.Error("found a horse")
	}
}

func TestValidateNamesTheField(t *testing.T) {
	tests := []struct {
		field  string
		change func(*vehicle.Vehicle)
	}{
		{"usable_battery_kwh", func(v *vehicle.Vehicle) { v.UsableBatteryKWh = 0 }},
		{"usable_battery_kwh", func(v *vehicle.Vehicle) { v.UsableBatteryKWh = -60 }},
		{"usable_battery_kwh", func(v *vehicle.Vehicle) { v.UsableBatteryKWh = math.NaN() }},
		{"consumption_kwh_100km", func(v *vehicle.Vehicle) { v.ConsumptionKWh100Km = math.Inf(1) }},
		{"consumption_kwh_100km", func(v *vehicle.Vehicle) { v.ConsumptionKWh100Km = 0.01 }},
		{"dc_kw", func(v *vehicle.Vehicle) { v.DCKW = 1e6 }},
		{"ac_kw", func(v *vehicle.Vehicle) { v.ACKW = -1 }},
		{"dc_curve", func(v *vehicle.Vehicle) { v.DCCurve = v.DCCurve[:1] }},
		{"dc_curve", func(v *vehicle.Vehicle) { v.DCCurve = make([]vehicle.CurvePoint, 1000) }},
		{"dc_curve", func(v *vehicle.Vehicle) { v.DCCurve = []vehicle.CurvePoint{{0, 80}, {0.5, 80}, {1, 20}} }},
		{"plugs[1]", func(v *vehicle.Vehicle) { v.Ports = []string{"CHADEMO", "SCHUKO"} }},
		{"dc_curve[1]", func(v *vehicle.Vehicle) { v.DCCurve[1][0] = 101 }},
		{"dc_curve[1]", func(v *vehicle.Vehicle) { v.DCCurve[1][0] = 0 }},
		{"dc_curve[0]", func(v *vehicle.Vehicle) { v.DCCurve[0][1] = math.NaN() }},
		{"dc_curve[2]", func(v *vehicle.Vehicle) { v.DCCurve[2][1] = 0 }},
	}
	for _, tt := range tests {
		v := dolphin(t)
		tt.change(&v)
		var field *vehicle.FieldError
		if err := v.Validate(); !errors.As(err, &field) || field.Field != tt.field {
			t.Errorf("error %v, want one about %s", err, tt.field)
		}
	}
}

func TestConsumption(t *testing.T) {
	v := dolphin(t)
	if got := v.KWhPer100Km(vehicle.RatedKmh); math.Abs(got-v.ConsumptionKWh100Km) > 1e-9 {
		t.Errorf("at the rated speed %v, want %v", got, v.ConsumptionKWh100Km)
	}
	if slow, fast := v.KWhPer100Km(60), v.KWhPer100Km(110); fast < 1.5*slow {
		t.Errorf("%.1f at 60 km/h, %.1f at 110", slow, fast)
	}
	for _, kmh := range []float64{0, -5, 1e9, math.Inf(1)} {
		if got := v.KWhPer100Km(kmh); !(got > 5 && got < 80) {
			t.Errorf("%v kWh/100 km at %v km/h", got, kmh)
		}
	}
	if v.EnergyKWh(0, 70) != 0 || v.EnergyKWh(-1, 70) != 0 {
		t.Error("standing still takes energy")
	}
	soc := v.SoCFor(v.RangeKm(0.5, 80), 80)
	if math.Abs(soc-0.5) > 1e-9 {
		t.Errorf("half a battery's range takes %v", soc)
	}
}

func TestExplicitFigures(t *testing.T) {
	var v vehicle.Vehicle
	body := `{"usable_battery_kwh":50,"consumption_kwh_100km":15,"dc_kw":100,"dc_curve":[[0,100],[100,50]]}`
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	if err := v.Validate(); err != nil {
		t.Fatal(err)
	}
	if v.DCCurve[1].KW() != 50 {
		t.Errorf("curve %v", v.DCCurve)
	}
}
