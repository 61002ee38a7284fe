package app

import (
	"sync"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// maxSeen is how many cars one generation of sightings remembers.
const maxSeen = 50_000

// sightings are what cars last said of themselves, to this server or to another of its
// company. Two generations bound them: a car that has been silent for a whole one is
// forgotten.
type sightings struct {
	mu         sync.Mutex
	young, old map[charging.VehicleID]api.Sighting
}

func (s *sightings) put(v charging.VehicleID, t carlink.Telemetry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.young[v]
	if s.young == nil || !known && len(s.young) >= maxSeen {
		s.young, s.old = map[charging.VehicleID]api.Sighting{}, s.young
	}
	s.young[v] = api.Sighting{At: t.At.UTC(), SoC: t.SoC, Lat: t.Lat, Lon: t.Lon}
}

// last is what a car last said of itself; false for nothing.
func (s *sightings) last(v charging.VehicleID) (api.Sighting, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, ok := s.young[v]
	if !ok {
		seen, ok = s.old[v]
	}
	return seen, ok
}
