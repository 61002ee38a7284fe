package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func TestPlanDrawsAMap(t *testing.T) {
	p := plan()
	where := locations()
	for i := range p.Stops {
		place, err := road.Default().Place(where[i].City + ", " + where[i].State)
		if err != nil {
			t.Fatal(err)
		}
		where[i].Lat, where[i].Lon = place.Point.Lat, place.Point.Lon
		p.Stops[i].LocationID = where[i].LocationID
	}
	f := newFake(t)
	f.answers["POST /api/v1/plans"] = api.PlanResponse{Plans: []trip.Plan{p}}
	f.answers["GET /api/v1/locations"] = where
	file := filepath.Join(t.TempDir(), "trip.svg")
	got := f.typed(t, false, "plan", "--from", "João Pessoa, PB", "--to", "Feira de Santana, BA", "--map", file)
	if got.code != 0 || !strings.Contains(got.err, file) {
		t.Fatalf("%d %s", got.code, got.err)
	}
	svg, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(svg), "Posto Maré") || strings.Contains(string(svg), "\x1b") {
		t.Errorf("%v, %d bytes", err, len(svg))
	}
	lines, err := os.ReadFile(strings.TrimSuffix(file, ".svg") + ".geojson")
	if err != nil || !json.Valid(lines) {
		t.Errorf("%v %s", err, lines)
	}
	got = f.typed(t, false, "plan", "--from", "João Pessoa, PB", "--to", "Feira de Santana, BA", "--map", filepath.Join(file, "no", "folder.svg"))
	if got.code != 1 || !strings.Contains(got.err, "the map") {
		t.Errorf("%d %s", got.code, got.err)
	}
}
