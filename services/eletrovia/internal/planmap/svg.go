package planmap

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
)

const (
	width, head = 1200.0, 96.0
	// margin of the map about the way, in pixels.
	margin = 130.0
	// shortest and tallest a map may be.
	shortest, tallest = 560.0, 1500.0
	kmPerDegree       = 111.2
)

// canvas puts points on the page, and keeps labels apart.
type canvas struct {
	strings.Builder
	north, west  float64
	scale        float64 // pixels a degree of latitude
	squeeze      float64 // of a degree of longitude
	height       float64
	taken        []box
	lateDrawings []string
}

type box struct{ x0, y0, x1, y1 float64 }

func (b box) meets(o box) bool { return b.x0 < o.x1 && o.x0 < b.x1 && b.y0 < o.y1 && o.y0 < b.y1 }

// newCanvas shows all points, with room about them.
func newCanvas(points []geo.Point) *canvas {
	south, north, west, east := 90.0, -90.0, 180.0, -180.0
	for _, p := range points {
		south, north = min(south, p.Lat), max(north, p.Lat)
		west, east = min(west, p.Lon), max(east, p.Lon)
	}
	c := &canvas{squeeze: math.Cos((south + north) / 2 * math.Pi / 180)}
	wide, high := max((east-west)*c.squeeze, 0.3), max(north-south, 0.3)
	c.scale = min((width-2*margin-160)/wide, (tallest-2*margin)/high, 420)
	c.height = max(high*c.scale+2*margin, shortest)
	c.north = (north+south)/2 + c.height/2/c.scale
	c.west = (west+east)/2 - width/2/c.scale/c.squeeze
	return c
}

func (c *canvas) at(p geo.Point) (x, y float64) {
	return (p.Lon - c.west) * c.squeeze * c.scale, head + (c.north-p.Lat)*c.scale
}

// near is true for what is on the page, or not far from it.
func (c *canvas) near(p geo.Point) bool {
	x, y := c.at(p)
	return x > -150 && x < width+150 && y > head-150 && y < head+c.height+150
}

func (c *canvas) addf(format string, a ...any) { fmt.Fprintf(&c.Builder, format+"\n", a...) }

// free takes a box for itself, if nothing else has it and it is on the page.
func (c *canvas) free(b box) bool {
	if b.x0 < 8 || b.x1 > width-8 || b.y0 < head+8 || b.y1 > head+c.height-8 {
		return false
	}
	for _, o := range c.taken {
		if b.meets(o) {
			return false
		}
	}
	c.taken = append(c.taken, b)
	return true
}

// SVG is the map as a picture.
func (m *Map) SVG() []byte {
	var all []geo.Point
	for _, d := range m.Drives {
		all = append(all, d.Points...)
	}
	c := newCanvas(all)
	c.addf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" font-family="Inter, 'DejaVu Sans', Helvetica, Arial, sans-serif">`,
		width, c.height+head, width, c.height+head)
	c.addf(`<title>%s to %s</title>`, text(m.From.Name), text(m.To.Name))
	c.addf(`<defs><clipPath id="map"><rect x="0" y="%.0f" width="%.0f" height="%.0f"/></clipPath></defs>`, head, width, c.height)
	c.addf(`<g clip-path="url(#map)"><rect y="%.0f" width="%.0f" height="%.0f" fill="%s"/>`, head, width, c.height, sea)
	m.drawLand(c)
	m.drawStates(c)
	m.drawSites(c)
	m.drawWay(c)
	m.drawEnds(c)
	m.drawStops(c)
	m.drawLegend(c)
	m.drawScale(c)
	m.drawTowns(c)
	for _, late := range c.lateDrawings {
		c.addf("%s", late)
	}
	c.addf(`</g>`)
	m.drawHead(c)
	c.addf(`</svg>`)
	return []byte(c.String())
}

// drawLand draws the land as what is near to roads and towns, and the roads on it. West by
// south-west of every town of the Northeast there is land.
func (m *Map) drawLand(c *canvas) {
	var every, federal, local strings.Builder
	for _, l := range m.net.Lines() {
		if !c.near(l.A) && !c.near(l.B) {
			continue
		}
		x0, y0 := c.at(l.A)
		x1, y1 := c.at(l.B)
		piece := fmt.Sprintf("M%.1f %.1fL%.1f %.1f", x0, y0, x1, y1)
		every.WriteString(piece)
		if l.Federal {
			federal.WriteString(piece)
		} else {
			local.WriteString(piece)
		}
	}
	for _, p := range m.net.Places() {
		if x, y := c.at(p.Point); p.Name != island && x > -150 && y > head-width && y < head+c.height+150 {
			fmt.Fprintf(&every, "M%.0f %.0fl%.0f %.0f", x, y, -x-300, 0.6*(x+300))
		}
	}
	shoreKm, landKm := 58.0, 44.0
	for _, s := range []struct {
		km     float64
		colour string
	}{{shoreKm, shore}, {landKm, land}} {
		c.addf(`<path d="%s" fill="none" stroke="%s" stroke-width="%.1f" stroke-linecap="round" stroke-linejoin="round"/>`,
			every.String(), s.colour, s.km/kmPerDegree*c.scale)
	}
	c.addf(`<path d="%s" fill="none" stroke="%s" stroke-width="1"/>`, local.String(), track)
	c.addf(`<path d="%s" fill="none" stroke="%s" stroke-width="2.6" stroke-linecap="round"/>`, federal.String(), highway)
}

// drawStates writes each state's name in its middle.
func (m *Map) drawStates(c *canvas) {
	type middle struct{ lat, lon, n float64 }
	states := map[string]*middle{}
	var order []string
	for _, p := range m.net.Places() {
		s := states[p.State]
		if s == nil {
			s = &middle{}
			states[p.State] = s
			order = append(order, p.State)
		}
		s.lat, s.lon, s.n = s.lat+p.Point.Lat, s.lon+p.Point.Lon, s.n+1
	}
	for _, uf := range order {
		s := states[uf]
		x, y := c.at(geo.Point{Lat: s.lat / s.n, Lon: s.lon / s.n})
		c.addf(`<text x="%.0f" y="%.0f" font-size="17" font-weight="600" letter-spacing="5" text-anchor="middle" fill="#bfb195">%s</text>`,
			x, y, strings.ToUpper(stateNames[uf]))
	}
}

func (m *Map) drawSites(c *canvas) {
	for _, s := range m.Sites {
		if x, y := c.at(s.Point); c.near(s.Point) {
			c.addf(`<g opacity="0.8">%s</g>`, markOf(s.Company).draw(x, y, 4.5))
		}
	}
}

// drawWay draws each drive in the colours of the charge that is left.
func (m *Map) drawWay(c *canvas) {
	for i, d := range m.Drives {
		var line strings.Builder
		for k, p := range d.Points {
			x, y := c.at(p)
			fmt.Fprintf(&line, "%s%.1f %.1f", map[bool]string{true: "M", false: "L"}[k == 0], x, y)
			c.taken = append(c.taken, box{x - 7, y - 7, x + 7, y + 7})
		}
		for _, w := range []struct {
			colour string
			width  int
		}{{"#6d675c", 9}, {card, 7}} {
			c.addf(`<path d="%s" fill="none" stroke="%s" stroke-width="%d" stroke-linecap="round" stroke-linejoin="round"/>`, line.String(), w.colour, w.width)
		}
		m.drawCharge(c, i)
	}
}

// drawCharge cuts a drive into short pieces, each of one colour.
func (m *Map) drawCharge(c *canvas, drive int) {
	points := m.Drives[drive].Points
	total := 0.0
	for k := 1; k < len(points); k++ {
		total += geo.Distance(points[k-1], points[k])
	}
	from, to := m.charges(drive)
	gone, colour, path := 0.0, "", ""
	flush := func() {
		if path != "" {
			c.addf(`<path d="%s" fill="none" stroke="%s" stroke-width="5" stroke-linecap="round" stroke-linejoin="round"/>`, path, colour)
		}
	}
	for k := 1; k < len(points); k++ {
		piece := geo.Distance(points[k-1], points[k])
		parts := int(piece/4) + 1
		for n := range parts {
			a, b := geo.Between(points[k-1], points[k], float64(n)/float64(parts)), geo.Between(points[k-1], points[k], float64(n+1)/float64(parts))
			gone += piece / float64(parts)
			x0, y0 := c.at(a)
			x1, y1 := c.at(b)
			if now := colourOf(from + (to-from)*gone/max(total, 1e-9)); now != colour {
				flush()
				colour, path = now, fmt.Sprintf("M%.1f %.1f", x0, y0)
			}
			path += fmt.Sprintf("L%.1f %.1f", x1, y1)
		}
	}
	flush()
}

func (m *Map) drawEnds(c *canvas) {
	for _, e := range []struct {
		End
		says string
	}{
		{m.From, show.Hour(m.Plan.Departure) + " · " + show.Percent(m.Start)},
		{m.To, show.Hour(m.Plan.Arrival) + " · " + show.Percent(m.Plan.ArriveSoC)},
	} {
		x, y := c.at(e.Point)
		c.taken = append(c.taken, box{x - 12, y - 12, x + 12, y + 12})
		c.addf(`<circle cx="%.1f" cy="%.1f" r="9" fill="%s" stroke="%s" stroke-width="3.5"/>`, x, y, ink, card)
		m.label(c, x, y, 16, e.Name, e.says, "", ink)
	}
}

func (m *Map) drawStops(c *canvas) {
	for i, s := range m.Stops {
		x, y := c.at(s.Point)
		c.taken = append(c.taken, box{x - 15, y - 15, x + 15, y + 15})
		look := markOf(s.Company)
		c.addf(`%s<text x="%.1f" y="%.1f" font-size="14" font-weight="700" text-anchor="middle" fill="#fff">%d</text>`, look.draw(x, y, 13), x, y+5, i+1)
	}
	for i, s := range m.Plan.Stops {
		x, y := c.at(m.Stops[i].Point)
		m.label(c, x, y, 20, m.Stops[i].Name, fmt.Sprintf("%s → %s · %s · %s", show.Percent(s.ArriveSoC), show.Percent(s.DepartSoC),
			show.Minutes(s.End.Sub(s.Start).Minutes()), show.Hour(s.Start)), markOf(s.CompanyID).name+" · "+m.Stops[i].City, markOf(s.CompanyID).colour)
	}
}

// label is a card of two or three lines beside a point, where there is room.
func (m *Map) label(c *canvas, x, y, off float64, title, second, third, colour string) {
	lines := 2.0
	if third != "" {
		lines = 3
	}
	w := max(wide(title, 14.5), wide(second, 12.5), wide(third, 12.5)) + 26
	h := 14 + 18*lines
	for _, far := range []float64{1, 2.2, 4, 6, 9} {
		o := off * far
		for _, d := range [][2]float64{{o, -h / 2}, {-o - w, -h / 2}, {o, -h - o/2}, {o, o / 2}, {-o - w, -h - o/2}, {-o - w, o / 2}, {-w / 2, -h - o}, {-w / 2, o}} {
			b := box{x + d[0], y + d[1], x + d[0] + w, y + d[1] + h}
			if !c.free(b) {
				continue
			}
			var out strings.Builder
			if far > 1 {
				fmt.Fprintf(&out, `<path d="M%.1f %.1fL%.1f %.1f" stroke="%s" stroke-width="1.5"/>`, x, y, min(max(x, b.x0), b.x1), min(max(y, b.y0), b.y1), colour)
			}
			fmt.Fprintf(&out, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="9" fill="%s" stroke="%s" stroke-width="1.5"/>`, b.x0, b.y0, w, h, card, colour)
			fmt.Fprintf(&out, `<text x="%.1f" y="%.1f" font-size="14.5" font-weight="700" fill="%s">%s</text>`, b.x0+13, b.y0+21, ink, text(title))
			fmt.Fprintf(&out, `<text x="%.1f" y="%.1f" font-size="12.5" fill="%s">%s</text>`, b.x0+13, b.y0+39, soft, text(second))
			if third != "" {
				fmt.Fprintf(&out, `<text x="%.1f" y="%.1f" font-size="12.5" fill="%s">%s</text>`, b.x0+13, b.y0+57, colour, text(third))
			}
			c.lateDrawings = append(c.lateDrawings, out.String())
			return
		}
	}
}

// wide is about how many pixels a line takes.
func wide(s string, size float64) float64 { return 0.62 * size * float64(len([]rune(s))) }

// drawTowns names what is well known, where there is room.
func (m *Map) drawTowns(c *canvas) {
	for _, name := range towns {
		p, err := m.net.Place(name)
		if err != nil || !c.near(p.Point) {
			continue
		}
		x, y := c.at(p.Point)
		w := wide(p.Name, 13)
		dot := fmt.Sprintf(`<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, x, y, ink)
		for _, d := range []float64{7, -7 - w} {
			if c.free(box{x + d, y - 9, x + d + w, y + 7}) {
				c.addf(`%s<text x="%.1f" y="%.1f" font-size="13" fill="%s" stroke="%s" stroke-width="3" paint-order="stroke">%s</text>`, dot, x+d, y+4.5, ink, land, text(p.Name))
				break
			}
		}
	}
}

// corners are where a box of a size may stand, the favourite first.
func (c *canvas) corner(w, h float64) (x, y float64) {
	for _, at := range [][2]float64{{width - w - 20, head + c.height - h - 20}, {20, head + c.height - h - 20}, {20, head + 20}, {width - w - 20, head + 20}} {
		if c.free(box{at[0], at[1], at[0] + w, at[1] + h}) {
			return at[0], at[1]
		}
	}
	return width - w - 20, head + c.height - h - 20
}

func (m *Map) drawLegend(c *canvas) {
	var companies []charging.CompanyID
	seen := map[charging.CompanyID]bool{}
	for _, s := range append(append([]Site{}, m.Stops...), m.Sites...) {
		if !seen[s.Company] && len(companies) < 8 {
			seen[s.Company] = true
			companies = append(companies, s.Company)
		}
	}
	w, h := 200.0, 30+22*float64(len(companies)+len(levels))+26
	x, y := c.corner(w, h)
	c.addf(`<rect x="%.1f" y="%.1f" width="%.0f" height="%.0f" rx="12" fill="%s" stroke="#e6dcc6"/>`, x, y, w, h, card)
	line := y + 26
	for _, id := range companies {
		look := markOf(id)
		c.addf(`%s<text x="%.1f" y="%.1f" font-size="13" fill="%s">%s</text>`, look.draw(x+24, line-4.5, 6.5), x+42, line, ink, text(look.name))
		line += 22
	}
	line += 4
	c.addf(`<text x="%.1f" y="%.1f" font-size="11.5" font-weight="600" fill="%s">CHARGE ON THE WAY</text>`, x+16, line, soft)
	for i := len(levels) - 1; i >= 0; i-- {
		line += 22
		c.addf(`<path d="M%.1f %.1fh24" stroke="%s" stroke-width="5" stroke-linecap="round"/><text x="%.1f" y="%.1f" font-size="13" fill="%s">%s</text>`,
			x+18, line-4.5, levels[i].colour, x+54, line, ink, levels[i].name)
	}
}

// drawScale is a bar of a round number of kilometres.
func (m *Map) drawScale(c *canvas) {
	km := 10.0
	for _, k := range []float64{20, 50, 100, 200} {
		if k/kmPerDegree*c.scale < 220 {
			km = k
		}
	}
	long := km / kmPerDegree * c.scale
	x, y := c.corner(long+30, 34)
	c.addf(`<path d="M%.1f %.1fv7h%.1fv-7" fill="none" stroke="%s" stroke-width="2"/><text x="%.1f" y="%.1f" font-size="12.5" text-anchor="middle" fill="%s">%.0f km</text>`,
		x+15, y+20, long, ink, x+15+long/2, y+18, ink, km)
}

func (m *Map) drawHead(c *canvas) {
	p := m.Plan
	c.addf(`<rect width="%.0f" height="%.0f" fill="%s"/><path d="M0 %.0fH%.0f" stroke="#e6dcc6" stroke-width="2"/>`, width, head, card, head, width)
	c.addf(`<text x="28" y="44" font-size="25" font-weight="700" fill="%s">%s → %s</text>`, ink, text(m.From.Name), text(m.To.Name))
	c.addf(`<text x="28" y="73" font-size="15.5" fill="%s">%s · %.0f km · %s charging · %s · arrives %s with %s</text>`, soft,
		text(show.Minutes(p.TotalMinutes)), p.DistanceKM, show.Minutes(p.ChargeMinutes), text(show.Price(p.Price, p.Currency)), show.Clock(p.Arrival), show.Percent(p.ArriveSoC))
	c.addf(`<text x="%.0f" y="44" font-size="17" font-weight="700" text-anchor="end" fill="#0b6f7a">Eletrovia</text>`, width-28)
}

// text escapes what a page or a person wrote.
func text(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(show.Clean(s))) // a strings.Builder does not fail
	return b.String()
}
