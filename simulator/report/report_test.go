package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/simulator/fleet"
)

// some is a fleet of one car that arrived, and one that did not.
func some() fleet.Summary {
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	return fleet.Summary{
		Cars: 2, Seed: 7, Speed: 600, Draws: "abc", Began: at, Civil: 5 * time.Hour, Km: 1234, KWh: 40,
		Counts: map[fleet.Outcome]int{fleet.Replanned: 3}, Ended: map[fleet.Ending]int{fleet.Arrived: 1, fleet.Lost: 1},
		Companies: map[charging.CompanyID]fleet.Account{"MAR": {Sessions: 1, MeterKWh: 21, Price: 43.5}},
		Answers:   map[carlink.Action]fleet.Quantiles{carlink.ActionPlan: {N: 2, P50: 3, P90: 8, P99: 20, Max: 25}},
		Records: []fleet.Record{
			{
				Ending: fleet.Arrived, Departure: at, Arrival: at.Add(3 * time.Hour), BatteryKWh: 50, EndKWh: 20, Km: 200,
				Phases: []fleet.Phase{
					{Kind: fleet.PhaseDrive, From: at, To: at.Add(time.Hour), Km: 100},
					{Kind: fleet.PhaseWait, From: at.Add(time.Hour), To: at.Add(70 * time.Minute)},
					{Kind: fleet.PhaseCharge, From: at.Add(70 * time.Minute), To: at.Add(2 * time.Hour)},
					{Kind: fleet.PhaseDrive, From: at.Add(2 * time.Hour), To: at.Add(3 * time.Hour), Km: 100},
				},
				Sessions: []fleet.Session{{Company: "MAR", EVSE: "BR*MAR*E1", Lat: -8.5, Lon: -35.5, Plugged: at.Add(70 * time.Minute), Unplugged: at.Add(2 * time.Hour), FromSoC: 0.2}},
				Path:     []geo.Point{{Lat: -8, Lon: -35}, {Lat: -8.5, Lon: -35.5}, {Lat: -9.6, Lon: -35.7}},
			},
			{Ending: fleet.Lost, Arrival: at.Add(time.Hour)},
		},
		Imbalanced: 1, Imbalances: []fleet.Imbalance{{Vehicle: "EV-1", What: "energy", Detail: "<script>alert(1)</script>"}},
	}
}

// TestHTML is well-formed where it draws, loads nothing, and escapes.
func TestHTML(t *testing.T) {
	var out bytes.Buffer
	if err := HTML(&out, some()); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, want := range []string{"seed 7", "1\u202f234 km", "How journeys ended", "Cars under way", "EVSEs in use", "BR*MAR*E1: 1 sessions", "plan: p50 3.0, p90 8.0", "do not balance"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, not := range []string{"<script", "http://", "https://", "src=", "NaN", "Inf", "ZgotmplZ"} {
		if strings.Contains(page, not) {
			t.Errorf("there is %q", not)
		}
	}
	drawings := strings.Split(page, "<svg")[1:]
	if len(drawings) != 8 {
		t.Errorf("%d drawings", len(drawings))
	}
	for i, d := range drawings {
		d = "<svg" + d[:strings.Index(d, "</svg>")+6]
		for dec := xml.NewDecoder(strings.NewReader(d)); ; {
			if _, err := dec.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("drawing %d: %v in %.200s", i, err, d)
			}
		}
	}
}

// TestNothingToDraw: a fleet without an end, and one where nobody left.
func TestNothingToDraw(t *testing.T) {
	for _, s := range []fleet.Summary{{}, {Records: []fleet.Record{{Ending: fleet.Impossible}}, Ended: map[fleet.Ending]int{fleet.Impossible: 1}}} {
		var out bytes.Buffer
		if err := HTML(&out, s); err != nil || strings.Contains(out.String(), "NaN") {
			t.Errorf("%v: %s", err, out.String())
		}
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]string{"a.html": "<!doctype html>", "b.md": "| arrived | 1 | 50.0% |"} {
		file := filepath.Join(dir, name)
		if err := Write(file, some()); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(raw), want) {
			t.Errorf("%s: %s, %v", name, raw, err)
		}
	}
	if err := Write(filepath.Join(dir, "none", "a.html"), some()); err == nil {
		t.Error("a folder that is not there")
	}
}
