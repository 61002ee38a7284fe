package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/simulator/fleet"
)

// plot is one picture of the page.
type plot struct {
	Title string
	Wide  bool
	SVG   template.HTML
	Keys  []legendKey
}

// legendKey names a colour.
type legendKey struct {
	Name   string
	Colour template.CSS
}

// What cars do, from asking to arriving, and the colours that tell endings apart
// also for those who see few of them: light and dark alternate.
var (
	doings = []fleet.PhaseKind{fleet.PhaseDrive, fleet.PhaseWait, fleet.PhaseCharge}
	colour = map[string]string{
		"drive": "#3b7dd8", "wait": "#e0a526", "charge": "#2f9e6e",
		"arrived": "#2f9e6e", "impossible": "#8b8fa3", "lost": "#e07a3f", "gave_up": "#f2b999", "canceled": "#b9a7d9", "no_show": "#6f5aa8",
		"broken_down": "#7a4b2a", "stranded": "#d1495b", "unanswered": "#444b57", "failed": "#20242b", "unfinished": "#c9ced6",
	}
	companyColours = []string{"#3b7dd8", "#e07a3f", "#2f9e6e", "#6f5aa8", "#d1495b"}
)

func plots(s fleet.Summary) []plot {
	if len(s.Records) == 0 {
		return nil
	}
	c := newClock(s)
	return []plot{
		c.road(s), c.endings(s), c.occupancy(s), arrivals(s), waits(s), latencies(s), money(s), chart(s),
	}
}

// steps is into how many pieces the time is cut.
const steps = 120

// clock cuts the fleet's civil time into steps.
type clock struct {
	from time.Time
	step time.Duration
}

func newClock(s fleet.Summary) clock {
	last := s.Began.Add(time.Hour)
	for _, r := range s.Records {
		if r.Arrival.After(last) {
			last = r.Arrival
		}
	}
	return clock{s.Began, last.Sub(s.Began)/steps + 1}
}

func (c clock) of(t time.Time) int {
	return min(max(int(t.Sub(c.from)/c.step), 0), steps-1)
}

func (c clock) axis() xAxis {
	return xAxis{c.step.Hours() * steps, func(h float64) string {
		return c.from.Add(time.Duration(h * float64(time.Hour))).Format("2 Jan 15h")
	}}
}

// road is how many cars drive, wait and charge, over time.
func (c clock) road(s fleet.Summary) plot {
	series := make([][]float64, len(doings))
	for i := range series {
		series[i] = make([]float64, steps)
	}
	for _, r := range s.Records {
		for _, p := range r.Phases {
			share(series[slices.Index(doings, p.Kind)], c, p.From, p.To)
		}
	}
	keys := []legendKey{{"driving", template.CSS(colour["drive"])}, {"waiting", template.CSS(colour["wait"])}, {"at a plug", template.CSS(colour["charge"])}}
	return plot{"Cars under way", true, stacked(series, keys, c.axis(), "cars"), keys}
}

// share adds to each step the part of it that lies between two instants.
func share(steps []float64, c clock, from, to time.Time) {
	for i := c.of(from); i <= c.of(to); i++ {
		begin := c.from.Add(time.Duration(i) * c.step)
		a, b := begin, begin.Add(c.step)
		if from.After(a) {
			a = from
		}
		if to.Before(b) {
			b = to
		}
		steps[i] += max(b.Sub(a).Seconds(), 0) / c.step.Seconds()
	}
}

// endings are how many journeys have ended in each way, over time.
func (c clock) endings(s fleet.Summary) plot {
	var series [][]float64
	var keys []legendKey
	for _, e := range fleet.Endings() {
		if s.Ended[e] == 0 {
			continue
		}
		sum := make([]float64, steps)
		for _, r := range s.Records {
			if r.Ending == e {
				sum[c.of(r.Arrival)]++
			}
		}
		for i := 1; i < steps; i++ {
			sum[i] += sum[i-1]
		}
		series = append(series, sum)
		keys = append(keys, legendKey{words(string(e)), template.CSS(colour[string(e)])})
	}
	return plot{"Journeys ended, by how", true, stacked(series, keys, c.axis(), "journeys"), keys}
}

// occupancy is how many EVSEs of each company have a car at the plug, over time.
func (c clock) occupancy(s fleet.Summary) plot {
	companies := sorted(s.Companies)
	series := make([][]float64, len(companies))
	var keys []legendKey
	for i, id := range companies {
		series[i] = make([]float64, steps)
		keys = append(keys, legendKey{string(id), template.CSS(companyColours[i%len(companyColours)])})
	}
	for _, r := range s.Records {
		for _, x := range r.Sessions {
			share(series[slices.Index(companies, x.Company)], c, x.Plugged, x.Unplugged)
		}
	}
	return plot{"EVSEs in use, by company", true, stacked(series, keys, c.axis(), "EVSEs"), keys}
}

// arrivals are the charges with which cars came to their stops and their ends.
func arrivals(s fleet.Summary) plot {
	stops, ends := make([]float64, 20), make([]float64, 20)
	bin := func(soc float64) int { return min(int(soc*20), 19) }
	for _, r := range s.Records {
		for _, x := range r.Sessions {
			stops[bin(x.FromSoC)]++
		}
		if r.Ending == fleet.Arrived {
			ends[bin(r.EndKWh/r.BatteryKWh)]++
		}
	}
	keys := []legendKey{{"at a stop", template.CSS(colour["charge"])}, {"at the destination", template.CSS(colour["drive"])}}
	return plot{"Charge on arrival", false, stacked([][]float64{stops, ends}, keys, xAxis{100, func(v float64) string { return fmt.Sprintf("%.0f%%", v) }}, "arrivals"), keys}
}

// waits are the minutes between coming to a stop and plugging in.
func waits(s fleet.Summary) plot {
	bins := make([]float64, 24)
	for _, r := range s.Records {
		for i, p := range r.Phases {
			if p.Kind != fleet.PhaseCharge {
				continue
			}
			wait := 0.0
			if i > 0 && r.Phases[i-1].Kind == fleet.PhaseWait {
				wait = r.Phases[i-1].To.Sub(r.Phases[i-1].From).Minutes()
			}
			bins[min(int(wait/5), len(bins)-1)]++
		}
	}
	keys := []legendKey{{"stops", template.CSS(colour["wait"])}}
	return plot{"Wait at a stop (the last bar: two hours and more)", false, stacked([][]float64{bins}, keys, xAxis{120, func(v float64) string { return fmt.Sprintf("%.0f min", v) }}, "stops"), nil}
}

// latencies are the quantiles of what each kind of request took, on a logarithmic
// scale.
func latencies(s fleet.Summary) plot {
	b := newCanvas()
	low, high := 0.1, 100.0
	for _, q := range s.Answers {
		high = max(high, q.Max)
	}
	x := func(ms float64) float64 {
		return left + 40 + (width-left-right-40)*math.Log(max(ms, low)/low)/math.Log(high/low)
	}
	row := 0
	actions := sorted(s.Answers)
	height := (bottom - top) / float64(max(len(actions), 1))
	for mark := low; mark <= high; mark *= 10 {
		b.line(x(mark), top, x(mark), bottom, "axis")
		b.text(x(mark), bottom+14, "middle", fmt.Sprintf("%g ms", mark))
	}
	for _, a := range actions {
		q := s.Answers[a]
		y := top + height*(float64(row)+0.5)
		b.text(left+34, y+4, "end", string(a))
		b.rect(x(q.P50), y-4, max(x(q.P99)-x(q.P50), 1), 8, "#3b7dd8", fmt.Sprintf("%s: p50 %.1f, p90 %.1f, p99 %.1f, most %.1f ms", a, q.P50, q.P90, q.P99, q.Max))
		b.rect(x(q.P90)-1, y-7, 2, 14, "#e07a3f", "p90")
		row++
	}
	return plot{"Answers over MQTT (bar: p50 to p99, mark: p90)", false, b.done(), nil}
}

// money is what each company delivered and earned.
func money(s fleet.Summary) plot {
	b := newCanvas()
	companies := sorted(s.Companies)
	most, mostKWh := 1.0, 1.0
	for _, a := range s.Companies {
		most, mostKWh = max(most, a.Price), max(mostKWh, a.MeterKWh)
	}
	each := (width - left - right) / float64(max(len(companies), 1))
	for i, id := range companies {
		a := s.Companies[id]
		x := left + each*float64(i)
		bar := func(at, v, most float64, fill, title string) {
			h := (bottom - top - 14) * v / most
			b.rect(x+each*at, bottom-h, each*0.3, h, fill, title)
			b.text(x+each*(at+0.15), bottom-h-4, "middle", title)
		}
		bar(0.15, a.MeterKWh, mostKWh, colour["charge"], number(a.MeterKWh)+" kWh")
		bar(0.5, a.Price, most, colour["drive"], number(a.Price)+" BRL")
		b.text(x+each*0.5, bottom+14, "middle", string(id))
	}
	b.line(left, bottom, width-right, bottom, "axis")
	return plot{"Energy and money, by company", false, b.done(), nil}
}

// chart is where the cars have been, and where they charged.
func chart(s fleet.Summary) plot {
	minLat, maxLat, minLon, maxLon := 90.0, -90.0, 180.0, -180.0
	for _, r := range s.Records {
		for _, p := range r.Path {
			minLat, maxLat, minLon, maxLon = min(minLat, p.Lat), max(maxLat, p.Lat), min(minLon, p.Lon), max(maxLon, p.Lon)
		}
	}
	if minLat > maxLat {
		return plot{Title: "Where the cars went", SVG: newCanvas().done()}
	}
	const side = 760.0
	scale := side / max(maxLat-minLat, (maxLon-minLon), 0.1)
	b := &canvas{width: (maxLon-minLon)*scale + 160, height: (maxLat-minLat)*scale + 40}
	at := func(lat, lon float64) (x, y float64) { return 20 + (lon-minLon)*scale, 20 + (maxLat-lat)*scale }
	for _, r := range s.Records {
		line := ""
		for i, p := range r.Path {
			if i%2 == 1 && i < len(r.Path)-1 {
				continue // every 10 km will do
			}
			x, y := at(p.Lat, p.Lon)
			line += fmt.Sprintf("%.0f,%.0f ", x, y)
		}
		b.polyline(line, colour["drive"], min(0.6, 8/float64(len(s.Records))+0.03))
	}
	sessions := map[charging.EVSEID]int{}
	where := map[charging.EVSEID][2]float64{}
	for _, r := range s.Records {
		for _, x := range r.Sessions {
			if x.Lat != 0 {
				sessions[x.EVSE]++
				where[x.EVSE] = [2]float64{x.Lat, x.Lon}
			}
		}
	}
	for _, id := range sorted(sessions) {
		x, y := at(where[id][0], where[id][1])
		b.circle(x, y, 2+math.Sqrt(float64(sessions[id])), colour["charge"], fmt.Sprintf("%s: %d sessions", id, sessions[id]))
	}
	for _, name := range fleet.Cities {
		if p, ok := place(name); ok {
			x, y := at(p.Lat, p.Lon)
			if x > 0 && x < b.width && y > 0 && y < b.height {
				b.text(x+8, y+4, "start", name)
			}
		}
	}
	return plot{"Where the cars went (green: where they charged, by sessions)", true, b.done(), nil}
}
