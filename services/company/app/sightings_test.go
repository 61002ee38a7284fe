package app

import (
	"fmt"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// The newest report counts, and the memory is bounded: without generations it would
// hold every car that ever came by.
func TestSightingsAreTheNewestAndBounded(t *testing.T) {
	var s sightings
	if _, ok := s.last("EV-0001"); ok {
		t.Error("a car was seen before any was")
	}
	for soc := range 3 {
		s.put("EV-0001", carlink.Telemetry{SoC: float64(soc) / 4, Lat: -7})
	}
	if got, ok := s.last("EV-0001"); !ok || got.SoC != 0.5 || got.Lat != -7 {
		t.Errorf("%+v %t", got, ok)
	}
	for i := range 3 * maxSeen {
		s.put(charging.VehicleID(fmt.Sprintf("EV-%d", 10000+i)), carlink.Telemetry{})
	}
	if n := len(s.young) + len(s.old); n > 2*maxSeen {
		t.Errorf("%d cars are remembered", n)
	}
	if _, ok := s.last("EV-0001"); ok {
		t.Error("a car that was silent for long is remembered")
	}
}
