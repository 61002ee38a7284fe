package trips

import (
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
)

// usableKWh is the battery behind a journey; zero where it is not known.
func usableKWh(j trip.Journey) float64 {
	if j.UsableKWh > 0 {
		return j.UsableKWh
	}
	v, _ := vehicle.ByID(j.VehicleModel)
	return v.UsableBatteryKWh
}
