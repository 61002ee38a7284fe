package vehicle_test

import (
	"errors"
	"math"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

func TestConditionsChangeConsumption(t *testing.T) {
	car, ok := vehicle.ByID("byd-dolphin")
	if !ok {
		t.Fatal("no byd-dolphin")
	}
	rated := car.KWhPer100Km(90)
	tests := []struct {
		name      string
		c         vehicle.Conditions
		low, high float64 // times the rated consumption
	}{
		{"as rated", vehicle.Conditions{AirC: 23}, 1, 1},
		{"a hot day", vehicle.Conditions{AirC: 35}, 1.01, 1.12},
		{"a cold day", vehicle.Conditions{AirC: 0}, 1.1, 1.35},
		{"four passengers and luggage", vehicle.Conditions{AirC: 23, LoadKg: 400}, 1.05, 1.15},
		{"headwind", vehicle.Conditions{AirC: 23, HeadwindKmh: 20}, 1.15, 1.4},
		{"tailwind", vehicle.Conditions{AirC: 23, HeadwindKmh: -20}, 0.7, 0.9},
		{"a storm from behind", vehicle.Conditions{AirC: 23, HeadwindKmh: -60}, 0.4, 0.7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := car
			in.Conditions = &tt.c
			if err := in.Validate(); err != nil {
				t.Fatal(err)
			}
			if got := in.KWhPer100Km(90) / rated; got < tt.low-1e-9 || got > tt.high+1e-9 {
				t.Errorf("%.3f times the rated consumption, want %v to %v", got, tt.low, tt.high)
			}
		})
	}
}

func TestConditionsAreChecked(t *testing.T) {
	car, _ := vehicle.ByID("byd-dolphin")
	for field, c := range map[string]vehicle.Conditions{
		"conditions.air_c":        {AirC: math.NaN()},
		"conditions.load_kg":      {LoadKg: -1},
		"conditions.headwind_kmh": {HeadwindKmh: 200},
	} {
		car.Conditions = &c
		var wrong *vehicle.FieldError
		if err := car.Validate(); !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("error %v, want one of %s", err, field)
		}
	}
}
