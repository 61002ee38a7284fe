package driver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/planmap"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
)

// drawMap writes a plan's map as SVG and as GeoJSON, beside each other.
func (c commands) drawMap(ctx context.Context, server *client.Driver, r api.PlanRequest, plan trip.Plan, file string) error {
	locations, err := server.Locations(ctx)
	if err != nil {
		return fmt.Errorf("the map: where the chargers are: %w", err)
	}
	sites := map[charging.LocationID]planmap.Site{}
	for _, l := range locations {
		sites[l.LocationID] = planmap.Site{
			Company: l.CompanyID, Name: show.Clean(l.Name), City: show.Clean(l.City), Point: geo.Point{Lat: l.Lat, Lon: l.Lon},
		}
	}
	var ends [2]planmap.End
	for i, e := range []api.Endpoint{r.Origin, r.Destination} {
		place, err := road.Default().Place(e.City)
		if err != nil {
			return fmt.Errorf("the map: %w", err)
		}
		ends[i] = planmap.End{Name: place.String(), Point: place.Point}
	}
	m, err := planmap.New(road.Default(), ends[0], ends[1], *r.SoC, plan, sites)
	if err != nil {
		return fmt.Errorf("the map: %w", err)
	}
	return c.writeMap(m, strings.TrimSuffix(file, filepath.Ext(file)))
}

func (c commands) writeMap(m *planmap.Map, base string) error {
	lines, err := m.GeoJSON()
	if err != nil {
		return fmt.Errorf("the map: %w", err)
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{base + ".svg", m.SVG()}, {base + ".geojson", lines}} {
		if err := os.WriteFile(f.name, f.data, 0o644); err != nil {
			return fmt.Errorf("the map: %w", err)
		}
		c.Printer().Notef("map written: %s", f.name)
	}
	return nil
}
