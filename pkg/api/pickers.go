package api

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// MaxPlaces is how many places one search answers at most, DefaultPlaces how many
// where nobody says.
const (
	MaxPlaces     = 50
	DefaultPlaces = 10
	// MaxTyped bounds what is searched for, in bytes.
	MaxTyped = 100
)

// FoundPlace is a place that plans know as a city.
type FoundPlace struct {
	// Name is full, "João Pessoa, PB": what an Endpoint takes as its City. City is
	// the same without the State's two letters.
	Name  string `json:"name"`
	City  string `json:"city"`
	State string `json:"state"`
	// Lat and Lon of the municipality's seat, degrees, WGS 84.
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
	// DistanceKM is the great circle from the point that was asked for; nil in a
	// search by name.
	DistanceKM *float64 `json:"distance_km,omitempty"`
}

// Model of a car, as plans and vehicles name it.
type Model struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// UsableBatteryKWh is the energy between 0 and 100 %.
	UsableBatteryKWh float64 `json:"usable_battery_kwh"`
	// ConsumptionKWh100Km at a mean speed of 75 km/h.
	ConsumptionKWh100Km float64 `json:"consumption_kwh_100km"`
	// DCKW is the highest power at a DC charger, ACKW that of the charger on board; 0
	// for none.
	DCKW float64 `json:"dc_kw"`
	ACKW float64 `json:"ac_kw"`
	// Ports are connectors' standards, AC first.
	Ports []string `json:"ports"`
	// DCCurve is pairs of percent, rising, and kW.
	DCCurve [][2]float64 `json:"dc_curve"`
}

// Me is the calling vehicle.
type Me struct {
	VehicleID charging.VehicleID `json:"vehicle_id"`
	// Model that it registered here with; nil where that is not known.
	Model *string `json:"model"`
	// Last is what the car said of itself here; nil for nothing.
	Last *Sighting `json:"last"`
	// Messages of operators, the newest first.
	Messages []charging.Message `json:"messages"`
}

// Sighting is what a car said of itself.
type Sighting struct {
	// At is when, by the car's own clock.
	At time.Time `json:"at"`
	// SoC is the charge of the battery, 0 … 1.
	SoC float64 `json:"soc"`
	// Lat and Lon in degrees, WGS 84.
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}
