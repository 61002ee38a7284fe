package flood

import (
	"fmt"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func request(vehicle string, stops []api.Stop) api.TripRequest {
	return api.TripRequest{VehicleID: charging.VehicleID(vehicle), Stops: stops, OnConflict: trip.Abort}
}

// Bounds are what a server has to keep to.
type Bounds struct {
	// Slower is how many times its p99 before a driver's may be, Memory the most MB
	// of a server, Back how many seconds after the flood all is as before.
	Slower float64 `json:"most_slower"`
	Memory float64 `json:"most_memory_mb"`
	Back   float64 `json:"back_within_seconds"`
}

// Report is what a flood did.
type Report struct {
	Before Phase `json:"before"`
	During Phase `json:"during"`
	After  Phase `json:"after"`
	Deeds  Deeds `json:"attacker"`
	// Memory of the largest server in MB, the most that was seen; 0 where it is not
	// told.
	Memory float64 `json:"memory_most_mb"`
	// Back is how many seconds after the flood all was as before; below 0: never.
	Back   float64 `json:"back_seconds"`
	Bounds Bounds  `json:"bounds"`
	Pass   bool    `json:"pass"`
	// Failures say what was not kept.
	Failures []string `json:"failures,omitempty"`
}

// Judge says what was not kept.
func (r *Report) Judge() {
	r.Failures = nil
	wrong := func(is bool, format string, a ...any) {
		if is {
			r.Failures = append(r.Failures, fmt.Sprintf(format, a...))
		}
	}
	wrong(r.Before.Booked == 0 || r.During.Booked == 0 || r.After.Booked == 0, "in a phase nobody could book")
	wrong(r.During.Failed+r.After.Failed > 0, "%d trips were not confirmed: %s%s", r.During.Failed+r.After.Failed, r.During.Why, r.After.Why)
	wrong(r.During.P99 > r.Bounds.Slower*r.Before.P99, "p99 was %.1f ms in the flood, %.1f ms before: more than %g times as much", r.During.P99, r.Before.P99, r.Bounds.Slower)
	wrong(r.During.NotReady > 0, "/readyz was not answered with 200 %d times of %d", r.During.NotReady, r.During.NotReady+r.During.Ready)
	wrong(r.During.NoLooks > 0, "the operator was refused %d times of %d", r.During.NoLooks, r.During.NoLooks+r.During.Looks)
	wrong(r.During.Events == 0, "the operator's stream was silent")
	wrong(r.Memory > r.Bounds.Memory, "a server took %.0f MB, more than %.0f", r.Memory, r.Bounds.Memory)
	wrong(r.Back < 0 || r.Back > r.Bounds.Back, "not all was back within %g s after it", r.Bounds.Back)
	wrong(r.Deeds.Opened+r.Deeds.Bodies+r.Deeds.Streams+r.Deeds.Registered == 0, "there was no flood")
	r.Pass = len(r.Failures) == 0
}
