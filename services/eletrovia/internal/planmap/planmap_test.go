package planmap

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func end(t *testing.T, name string) End {
	t.Helper()
	p, err := road.Default().Place(name)
	if err != nil {
		t.Fatal(err)
	}
	return End{Name: p.String(), Point: p.Point}
}

// south is a plan from João Pessoa to Aracaju by way of Recife and Maceió.
func south(t *testing.T) (*Map, error) {
	t.Helper()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	plan := trip.Plan{Departure: at, Arrival: at.Add(9 * time.Hour), TotalMinutes: 540, DistanceKM: 620, Price: 99, Currency: "BRL", ArriveSoC: 0.14}
	sites := map[charging.LocationID]Site{}
	for i, s := range []struct {
		company charging.CompanyID
		city    string
	}{{"MAR", "Recife, PE"}, {"XYZ", "Maceió, AL"}} {
		id := charging.LocationID("BR*" + string(s.company) + "*L1")
		sites[id] = Site{Company: s.company, Name: `Posto <"&> ` + s.city, City: s.city, Point: end(t, s.city).Point}
		plan.Stops = append(plan.Stops, trip.PlanStop{
			Leg: i + 1, CompanyID: s.company, LocationID: id, EVSEID: charging.EVSEID("BR*" + string(s.company) + "*E1*1"),
			Start: at.Add(time.Duration(2*i+1) * time.Hour), End: at.Add(time.Duration(2*i+2) * time.Hour), ArriveSoC: 0.3, DepartSoC: 0.9, Backups: 2,
		})
	}
	sites["BR*SER*L9"] = Site{Company: "SER", Name: "elsewhere", Point: end(t, "Caruaru, PE").Point}
	return New(road.Default(), end(t, "João Pessoa, PB"), end(t, "Aracaju, SE"), 0.9, plan, sites)
}

func TestGeoJSON(t *testing.T) {
	m, err := south(t)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := m.GeoJSON()
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Type     string
		Features []struct {
			Geometry struct {
				Type        string
				Coordinates json.RawMessage
			}
			Properties map[string]any
		}
	}
	if err := json.Unmarshal(raw, &c); err != nil || c.Type != "FeatureCollection" {
		t.Fatalf("%v %s", err, c.Type)
	}
	kinds := map[string]int{}
	for _, f := range c.Features {
		kind := f.Properties["kind"].(string)
		kinds[kind]++
		if kind != "drive" {
			continue
		}
		var line [][2]float64
		if err := json.Unmarshal(f.Geometry.Coordinates, &line); err != nil || f.Geometry.Type != "LineString" || len(line) < 3 {
			t.Errorf("%s of %d points: %v", f.Geometry.Type, len(line), err)
		}
		if line[0][0] > -34 || line[0][1] > -7 || line[0][1] < -12 {
			t.Errorf("begins at %v: want longitude first", line[0])
		}
	}
	if kinds["drive"] != 3 || kinds["stop"] != 2 || kinds["origin"] != 1 || kinds["destination"] != 1 {
		t.Errorf("features %v", kinds)
	}
}

func TestSVG(t *testing.T) {
	m, err := south(t)
	if err != nil {
		t.Fatal(err)
	}
	svg := string(m.SVG())
	texts, shapes := texts(t, svg)
	for _, want := range []string{
		"João Pessoa, PB → Aracaju, SE", `Posto <"&> Recife, PE`, "30% → 90% · 1 h 00 · 10:00", "Maré Volt", "XYZ",
		"Sertão Energia", "PERNAMBUCO", "Maceió", "50 km", "below 20%", "09:00 · 90%",
	} {
		if !strings.Contains(texts, want) {
			t.Errorf("does not say %q", want)
		}
	}
	for _, look := range []string{"#119aa6", "#e07a1f", colourOf(0.9), colourOf(0.3), colourOf(0.15)} {
		if !strings.Contains(svg, look) {
			t.Errorf("nothing is %s", look)
		}
	}
	if shapes["path"] < 12 || shapes["rect"] < 6 || strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Errorf("shapes %v", shapes)
	}
	again, err := south(t)
	if err != nil || string(again.SVG()) != svg {
		t.Error("the same plan is drawn otherwise the second time")
	}
}

// texts reads a picture as XML: all that it says, line by line, and how many of each shape
// it has.
func texts(t *testing.T, svg string) (string, map[string]int) {
	t.Helper()
	var said strings.Builder
	shapes := map[string]int{}
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return said.String(), shapes
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			shapes[e.Name.Local]++
		case xml.CharData:
			said.Write(e)
			said.WriteByte('\n')
		}
	}
}

func TestLabelsKeepApart(t *testing.T) {
	m, err := south(t)
	if err != nil {
		t.Fatal(err)
	}
	c := newCanvas(m.Drives[0].Points)
	m.drawEnds(c)
	m.drawStops(c)
	m.drawLegend(c)
	m.drawTowns(c)
	for i, a := range c.taken {
		for _, b := range c.taken[:i] {
			small := a.x1-a.x0 < 35 || b.x1-b.x0 < 35 // marks may stand near each other
			if a.meets(b) && !small {
				t.Errorf("%+v lies on %+v", a, b)
			}
		}
	}
}

func TestASiteThatNobodyKnows(t *testing.T) {
	plan := trip.Plan{Stops: []trip.PlanStop{{Leg: 1, LocationID: "BR*MAR*L1"}}}
	if _, err := New(road.Default(), end(t, "João Pessoa, PB"), end(t, "Recife, PE"), 1, plan, nil); err == nil || !strings.Contains(err.Error(), "BR*MAR*L1") {
		t.Errorf("error %v", err)
	}
}
