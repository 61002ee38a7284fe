package vehicle

// Conditions are what changes consumption beside speed. The model is the road-load
// equation's (Gillespie, ch. 4): rolling resistance grows with the mass, drag with the
// density of the air and the square of the speed through it, and heating and cooling run
// all the time.
type Conditions struct {
	// AirC is the temperature outside in °C, −30 … 50.
	AirC float64 `json:"air_c"`
	// LoadKg is what is carried beside the driver, 0 … 2000.
	LoadKg float64 `json:"load_kg"`
	// HeadwindKmh is the mean wind against the car, negative from behind, −60 … 60.
	HeadwindKmh float64 `json:"headwind_kmh"`
}

const (
	ratedAirC = 23.0 // at which consumption is stated
	// massPerKWh estimates the mass of a car, driver included, from its battery: about
	// 1,200 kg and 10 kg a kWh.
	massBase, massPerKWh = 1200.0, 10.0
	// Between these temperatures neither heating nor cooling runs; beyond, it takes so many
	// kW per degree, up to a limit. Estimates of this project, of the size that
	// Yuksel and Michalek (Environ. Sci. Technol. 49, 2015) found for a Nissan Leaf.
	comfortLowC, comfortHighC = 18.0, 26.0
	heatingKWPerC, coolKWPerC = 0.15, 0.12
	climateMostKW             = 4.0
)

func (c Conditions) validate() error {
	for _, f := range []struct {
		name             string
		value, low, high float64
	}{
		{"conditions.air_c", c.AirC, -30, 50},
		{"conditions.load_kg", c.LoadKg, 0, 2000},
		{"conditions.headwind_kmh", c.HeadwindKmh, -60, 60},
	} {
		if !(f.value >= f.low && f.value <= f.high) {
			return outOfRange(f.name, f.value, f.low, f.high, "")
		}
	}
	return nil
}

// climateKW is what heating or cooling takes.
func (c Conditions) climateKW() float64 {
	switch {
	case c.AirC < comfortLowC:
		return min((comfortLowC-c.AirC)*heatingKWPerC, climateMostKW)
	case c.AirC > comfortHighC:
		return min((c.AirC-comfortHighC)*coolKWPerC, climateMostKW)
	}
	return 0
}

// kWhPer100Km is the consumption of a vehicle in these conditions; kmh is within bounds.
func (c Conditions) kWhPer100Km(v Vehicle, kmh float64) float64 {
	rolling := 1 + c.LoadKg/(massBase+massPerKWh*v.UsableBatteryKWh)
	air := (273.15 + ratedAirC) / (273.15 + c.AirC)
	through := max(kmh+c.HeadwindKmh, 0) / RatedKmh
	drag := air * through * through
	return v.ConsumptionKWh100Km*(rollingShare*rolling+dragShare*drag+idleShare*RatedKmh/kmh) + 100*c.climateKW()/kmh
}
