package planmap

import (
	"encoding/json"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

type collection struct {
	Type     string    `json:"type"`
	Features []feature `json:"features"`
}

type feature struct {
	Type       string         `json:"type"`
	Geometry   geometry       `json:"geometry"`
	Properties map[string]any `json:"properties"`
}

type geometry struct {
	Type        string `json:"type"`
	Coordinates any    `json:"coordinates"`
}

// GeoJSON is the plan as an RFC 7946 feature collection: a line for each drive, a point
// for each stop and for both ends, with what the plan says of them as properties.
func (m *Map) GeoJSON() ([]byte, error) {
	c := collection{Type: "FeatureCollection"}
	point := func(p geo.Point, properties map[string]any) {
		c.Features = append(c.Features, feature{"Feature", geometry{"Point", coordinates(p)}, properties})
	}
	for i, d := range m.Drives {
		line := make([][2]float64, len(d.Points))
		for k, p := range d.Points {
			line[k] = coordinates(p)
		}
		from, to := m.charges(i)
		c.Features = append(c.Features, feature{"Feature", geometry{"LineString", line}, map[string]any{
			"kind": "drive", "leg": i + 1, "distance_km": d.Km, "drive_minutes": d.Drive.Minutes(), "depart_soc": from, "arrive_soc": to,
			"stroke": colourOf(to), "stroke-width": 4,
		}})
	}
	point(m.From.Point, map[string]any{"kind": "origin", "name": m.From.Name, "time": m.Plan.Departure, "soc": m.Start})
	for i, s := range m.Plan.Stops {
		point(m.Stops[i].Point, map[string]any{
			"kind": "stop", "leg": s.Leg, "name": m.Stops[i].Name, "city": m.Stops[i].City, "company_id": s.CompanyID,
			"location_id": s.LocationID, "evse_id": s.EVSEID, "start": s.Start, "end": s.End, "arrive_soc": s.ArriveSoC,
			"depart_soc": s.DepartSoC, "energy_kwh": s.EnergyKWh, "price": s.Price, "backups": s.Backups,
			"marker-color": markOf(s.CompanyID).colour,
		})
	}
	point(m.To.Point, map[string]any{"kind": "destination", "name": m.To.Name, "time": m.Plan.Arrival, "soc": m.Plan.ArriveSoC})
	return json.MarshalIndent(c, "", " ")
}

func coordinates(p geo.Point) [2]float64 { return [2]float64{p.Lon, p.Lat} }
