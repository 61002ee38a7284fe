package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
)

// The size of a plot, and where its axes lie.
const (
	width, height = 640.0, 240.0
	left, right   = 46.0, 12.0
	top, bottom   = 12.0, 210.0
)

// canvas writes SVG.
type canvas struct {
	width, height float64
	b             strings.Builder
}

func newCanvas() *canvas { return &canvas{width: width, height: height} }

func (c *canvas) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(&c.b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>`, x1, y1, x2, y2, class)
}

func (c *canvas) text(x, y float64, anchor, text string) {
	fmt.Fprintf(&c.b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, html.EscapeString(text))
}

func (c *canvas) rect(x, y, w, h float64, fill, title string) {
	fmt.Fprintf(&c.b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"><title>%s</title></rect>`, x, y, w, h, fill, html.EscapeString(title))
}

func (c *canvas) circle(x, y, r float64, fill, title string) {
	fmt.Fprintf(&c.b, `<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s" fill-opacity="0.75"><title>%s</title></circle>`, x, y, r, fill, html.EscapeString(title))
}

func (c *canvas) polyline(points, stroke string, opacity float64) {
	fmt.Fprintf(&c.b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="1.5" stroke-opacity="%.2f"/>`, points, stroke, opacity)
}

// done is the picture. All text in it was escaped.
func (c *canvas) done() template.HTML {
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %.0f %.0f" role="img">%s</svg>`, c.width, c.height, c.b.String()))
}

// xAxis runs from 0 to Most.
type xAxis struct {
	Most  float64
	Label func(float64) string
}

// stacked draws series over each other, as steps.
func stacked(series [][]float64, keys []legendKey, x xAxis, unit string) template.HTML {
	c := newCanvas()
	n := 0
	for _, s := range series {
		n = max(n, len(s))
	}
	sums := make([]float64, n)
	most := 1.0
	for i := range sums {
		for _, s := range series {
			sums[i] += s[i]
		}
		most = max(most, sums[i])
	}
	most = nice(most)
	y := func(v float64) float64 { return bottom - (bottom-top)*v/most }
	for i := range 5 {
		v := most * float64(i) / 4
		c.line(left, y(v), width-right, y(v), "axis")
		c.text(left-6, y(v)+4, "end", number(v))
	}
	c.text(left+4, top+10, "start", unit)
	for i := range 5 {
		at := left + (width-left-right)*float64(i)/4
		anchor := map[int]string{0: "start", 4: "end"}[i]
		if anchor == "" {
			anchor = "middle"
		}
		c.text(at, bottom+16, anchor, x.Label(x.Most*float64(i)/4))
	}
	each := (width - left - right) / float64(max(n, 1))
	below := make([]float64, n)
	for k, s := range series {
		for i, v := range s {
			if v <= 0 {
				continue
			}
			c.rect(left+each*float64(i), y(below[i]+v), max(each-0.4, 0.6), y(below[i])-y(below[i]+v), string(keys[k].Colour),
				fmt.Sprintf("%s: %s", keys[k].Name, number(v)))
			below[i] += v
		}
	}
	return c.done()
}

// nice is the next round number.
func nice(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 4, 5, 8, 10} {
		if v <= m*unit {
			return m * unit
		}
	}
	return 10 * unit
}

func place(name string) (geo.Point, bool) {
	p, err := road.Default().Place(name)
	return p.Point, err == nil
}
