package planner

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	// backupSoC is what is left at least on arrival at a back-up: a broken charger is what
	// the reserve is for.
	backupSoC = 0.02
	// backupWait is how long a back-up may be taken on arrival.
	backupWait = 30 * time.Minute
	// backupDegrees bounds, in latitude and longitude, how far away back-ups are looked for.
	backupDegrees = 0.9
)

// addBackups counts, for each stop of a plan, the EVSEs that could stand in for it.
func (s *search) addBackups(plan *trip.Plan) {
	for i := range plan.Stops {
		plan.Stops[i].Backups = s.backups(&plan.Stops[i])
	}
}

// backups are the other EVSEs that suit the car and the request, that it reaches with the
// charge it arrives with at a stop, and that are free then for as long.
func (s *search) backups(st *trip.PlanStop) int {
	here := s.p.evses[st.EVSEID].site
	spot := s.p.sites[here].spot
	arrived := st.Start.Unix()
	count := 0
	for i := range s.p.sites {
		at := s.p.sites[i].spot.Point()
		if dlat, dlon := at.Lat-spot.Point().Lat, at.Lon-spot.Point().Lon; max(dlat, -dlat, dlon, -dlon) > backupDegrees {
			continue
		}
		leg := s.p.drive(here, i)
		if leg.km < 0 || st.ArriveSoC-s.use(leg) < backupSoC {
			continue
		}
		for _, k := range s.usable(i) {
			for _, id := range k.evses {
				if id != st.EVSEID && s.freeSoon(k, id, arrived+leg.seconds(), st) {
					count++
				}
			}
		}
	}
	return count
}

// freeSoon is true where an EVSE is free shortly after a time, for a charge like a stop's.
func (s *search) freeSoon(k kind, id charging.EVSEID, at int64, st *trip.PlanStop) bool {
	length := windowSeconds(k.session.Time(st.ArriveSoC, st.DepartSoC))
	start, ok := s.cal.earliest(id, at, length)
	return ok && start-at <= int64(backupWait/time.Second)
}
