package app

import (
	"maps"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// maxSeen is how many cars one generation of sightings remembers.
const maxSeen = 50_000

// seen is what a car said, and when this server heard it.
type seen struct {
	api.Sighting
	heard time.Time
}

// sightings are what cars last said of themselves, to this server or to another of its
// company. Two generations bound them: a car that has been silent for a whole one is
// forgotten.
type sightings struct {
	mu         sync.Mutex
	young, old map[charging.VehicleID]seen
}

func (s *sightings) put(v charging.VehicleID, t carlink.Telemetry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.young[v]
	if s.young == nil || !known && len(s.young) >= maxSeen {
		s.young, s.old = map[charging.VehicleID]seen{}, s.young
	}
	s.young[v] = seen{api.Sighting{At: t.At.UTC(), SoC: t.SoC, Lat: t.Lat, Lon: t.Lon}, time.Now()}
}

// last is what a car last said of itself; false for nothing.
func (s *sightings) last(v charging.VehicleID) (api.Sighting, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.young[v]
	if !ok {
		known, ok = s.old[v]
	}
	return known.Sighting, ok
}

// all are the cars that were heard of.
func (s *sightings) all() map[charging.VehicleID]seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[charging.VehicleID]seen, len(s.young)+len(s.old))
	maps.Copy(all, s.old)
	maps.Copy(all, s.young)
	return all
}
