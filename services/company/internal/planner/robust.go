package planner

import (
	"cmp"
	"slices"
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

// spare is an EVSE that could stand in for a stop.
type spare struct {
	site       int
	evse       charging.EVSEID
	tariff     charging.Tariff
	start, end int64
	drive      drive
}

// addBackups finds, for each stop of a plan, the EVSEs that could stand in for it.
func (s *search) addBackups(plan *trip.Plan) {
	for i := range plan.Stops {
		st := &plan.Stops[i]
		found := s.backups(st)
		st.Backups, st.BackupStops = len(found), s.bestBackups(st, found)
	}
}

// backups are the other EVSEs that suit the car and the request, that it reaches with the
// charge it arrives with at a stop, and that are free then for as long.
func (s *search) backups(st *trip.PlanStop) []spare {
	here := s.p.evses[st.EVSEID].site
	spot := s.p.sites[here].spot
	arrived := st.Start.Unix()
	var found []spare
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
			length := windowSeconds(k.session.Time(st.ArriveSoC, st.DepartSoC))
			for _, id := range k.evses {
				if id == st.EVSEID {
					continue
				}
				if start, ok := s.freeSoon(id, arrived+leg.seconds(), length); ok {
					found = append(found, spare{i, id, k.tariff, start, start + length, leg})
				}
			}
		}
	}
	return found
}

// freeSoon is when an EVSE is free for so long, if that is shortly after a time.
func (s *search) freeSoon(id charging.EVSEID, at, length int64) (start int64, ok bool) {
	start, ok = s.cal.earliest(id, at, length)
	return start, ok && start-at <= int64(backupWait/time.Second)
}

// bestBackups names those where the charge ends first, and costs least; few of one site, so
// that one that is dark does not take all.
func (s *search) bestBackups(st *trip.PlanStop, found []spare) []trip.Backup {
	more := func(k spare) float64 { return k.tariff.Price(st.EnergyKWh) - st.Price }
	slices.SortFunc(found, func(a, b spare) int {
		return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(more(a), more(b)), cmp.Compare(a.evse, b.evse))
	})
	var best []trip.Backup
	taken := map[int]int{}
	for _, k := range found {
		if taken[k.site]++; taken[k.site] > perSite {
			continue
		}
		if len(best) == trip.MaxBackups {
			break
		}
		loc := &s.p.sites[k.site].loc
		best = append(best, trip.Backup{
			CompanyID: loc.Company, LocationID: loc.ID, LocationName: loc.Name, EVSEID: k.evse,
			Start: time.Unix(k.start, 0).UTC(), End: time.Unix(k.end, 0).UTC(),
			DistanceKM: round(float64(k.drive.km), 10), ArriveSoC: roundSoC(st.ArriveSoC - s.use(k.drive)), DeltaPrice: round(more(k), 100),
		})
	}
	return best
}
