package planner_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// TestBackupsCanBeTaken: shows a back-up that the car does not reach with what it says, that is not free for as long
// a charge, whose price is another one, that is the stop itself, or that shares its site with more than one other.
func TestBackupsCanBeTaken(t *testing.T) {
	p, r := demo(), mission(t)
	sites := map[charging.EVSEID]charging.Location{}
	for _, l := range locations() {
		for _, e := range l.EVSEs {
			sites[e.ID] = l
		}
	}
	free := func(id charging.EVSEID) (all []charging.Window) {
		if len(sites[id].EVSEs)%2 == 0 {
			return []charging.Window{{Start: monday, End: monday.Add(72 * time.Hour)}}
		}
		for h := range 72 { // taken in the first quarter of each hour
			hour := monday.Add(time.Duration(h) * time.Hour)
			all = append(all, charging.Window{Start: hour.Add(15 * time.Minute), End: hour.Add(time.Hour)})
		}
		return all
	}
	plan := missionPlan(t, p, r, free)
	named := 0
	for _, s := range plan.Stops {
		perSite := map[charging.LocationID]int{}
		var before trip.Backup
		for i, b := range s.BackupStops {
			named++
			loc := sites[b.EVSEID]
			perSite[b.LocationID]++
			leg := driveBetween(t, sites[s.EVSEID], loc)
			soc := s.ArriveSoC - r.Vehicle.SoCFor(leg.Km, leg.Kmh())
			switch {
			case b.EVSEID == s.EVSEID, b.LocationID != loc.ID, b.LocationName != loc.Name, b.CompanyID != loc.Company, perSite[b.LocationID] > 2:
				t.Errorf("stop %d: %+v", s.Leg, b)
			case math.Abs(b.ArriveSoC-soc) > 2e-4, b.ArriveSoC < 0.02, math.Abs(b.DistanceKM-leg.Km) > 0.1:
				t.Errorf("stop %d: %s is %v km away, reached with %v, not %v km and %v", s.Leg, b.EVSEID, b.DistanceKM, b.ArriveSoC, leg.Km, soc)
			case b.Start.Before(s.Start.Add(leg.Drive - time.Second)), b.Start.After(s.Start.Add(leg.Drive + 31*time.Minute)), !fits(free(b.EVSEID), b.Start, b.End):
				t.Errorf("stop %d from %s on: %s is not free %s…%s", s.Leg, s.Start, b.EVSEID, b.Start, b.End)
			case i > 0 && b.End.Before(before.End):
				t.Errorf("stop %d: %s comes after %s, and is done sooner", s.Leg, b.EVSEID, before.EVSEID)
			}
			if !slices.ContainsFunc(pricesAt(loc, b.EVSEID, s.EnergyKWh), func(want float64) bool { return math.Abs(b.DeltaPrice-(want-s.Price)) < 0.02 }) {
				t.Errorf("stop %d costs %v: %s does not cost %v more", s.Leg, s.Price, b.EVSEID, b.DeltaPrice)
			}
			before = b
		}
	}
	if named < 3 {
		t.Errorf("only %d back-ups are named", named)
	}
}

func fits(windows []charging.Window, start, end time.Time) bool {
	for _, w := range windows {
		if !start.Before(w.Start) && !end.After(w.End) {
			return true
		}
	}
	return false
}

// pricesAt are what so many kWh cost at the connectors of an EVSE.
func pricesAt(l charging.Location, id charging.EVSEID, kWh float64) (all []float64) {
	for _, e := range l.EVSEs {
		for _, c := range e.Connectors {
			for _, tariff := range l.Tariffs {
				if e.ID == id && tariff.ID == c.TariffID {
					all = append(all, tariff.Price(kWh))
				}
			}
		}
	}
	return all
}

func driveBetween(t *testing.T, a, b charging.Location) road.Leg {
	t.Helper()
	net := road.Default()
	from, err1 := net.Locate(a.Point)
	to, err2 := net.Locate(b.Point)
	leg, ok := net.From(from).To(to)
	if err1 != nil || err2 != nil || !ok {
		t.Fatalf("no road from %s to %s", a.ID, b.ID)
	}
	return leg
}
