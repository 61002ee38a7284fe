package planmap

import (
	"fmt"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Map is a plan with the way that it takes.
type Map struct {
	From, To End
	Plan     trip.Plan
	// Start is the charge at departure, 0 … 1.
	Start float64
	// Drives lead to each stop and then to the destination.
	Drives []road.Route
	Stops  []Site
	// Sites are all chargers of the federation, those of the plan left out.
	Sites []Site

	net *road.Network
}

// End is where the journey begins or ends.
type End struct {
	Name  string
	Point geo.Point
}

// Site is a charging site.
type Site struct {
	Company charging.CompanyID
	Name    string
	City    string
	Point   geo.Point
}

// New finds the way of a plan over its stops. sites tells where the plan's locations are;
// the error names the one that is missing, or that no road leads to.
func New(net *road.Network, from, to End, start float64, plan trip.Plan, sites map[charging.LocationID]Site) (*Map, error) {
	m := &Map{From: from, To: to, Plan: plan, Start: start, net: net}
	here := from.Point
	drive := func(to geo.Point) error {
		way, err := net.Route(here, to)
		if err != nil {
			return err
		}
		m.Drives, here = append(m.Drives, way), to
		return nil
	}
	for _, s := range plan.Stops {
		site, ok := sites[s.LocationID]
		if !ok {
			return nil, fmt.Errorf("stop %d: the server does not tell where %s is", s.Leg, s.LocationID)
		}
		if err := drive(site.Point); err != nil {
			return nil, fmt.Errorf("stop %d: %w", s.Leg, err)
		}
		m.Stops = append(m.Stops, site)
	}
	if err := drive(to.Point); err != nil {
		return nil, fmt.Errorf("the destination: %w", err)
	}
	for _, s := range sites {
		if !slices.Contains(m.Stops, s) {
			m.Sites = append(m.Sites, s)
		}
	}
	slices.SortFunc(m.Sites, func(a, b Site) int {
		if a.Point.Lat != b.Point.Lat {
			if a.Point.Lat > b.Point.Lat {
				return -1
			}
			return 1
		}
		return int(1e6 * (a.Point.Lon - b.Point.Lon))
	})
	return m, nil
}

// charges are those with which a drive begins and ends.
func (m *Map) charges(drive int) (from, to float64) {
	from, to = m.Start, m.Plan.ArriveSoC
	if drive > 0 {
		from = m.Plan.Stops[drive-1].DepartSoC
	}
	if drive < len(m.Plan.Stops) {
		to = m.Plan.Stops[drive].ArriveSoC
	}
	return from, to
}
