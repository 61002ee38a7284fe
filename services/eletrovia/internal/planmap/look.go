package planmap

import (
	"fmt"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// The colours of the map: warm sand and sea teal, as in the web app.
const (
	sea, shore, land = "#cfe5ee", "#e3f0f4", "#faf6ec"
	highway, track   = "#e3cfa4", "#efe5cf"
	ink, soft, card  = "#14202b", "#6d675c", "#fffdf8"
)

// mark is how a company looks: companies differ by colour and by shape.
type mark struct {
	name, colour, shape string
}

var marks = map[charging.CompanyID]mark{
	"MAR": {"Maré Volt", "#119aa6", "circle"},
	"SER": {"Sertão Energia", "#e07a1f", "square"},
	"CAJ": {"CajuCharge", "#d1437c", "diamond"},
}

var others = []mark{{"", "#5b5bd6", "hexagon"}, {"", "#7a8f2a", "circle"}, {"", "#8a5a44", "square"}, {"", "#3d6fb6", "diamond"}}

// markOf is a company's; one that is not known gets one of a few by its id.
func markOf(id charging.CompanyID) mark {
	if m, ok := marks[id]; ok {
		return m
	}
	sum := 0
	for _, b := range []byte(id) {
		sum += int(b)
	}
	m := others[sum%len(others)]
	m.name = string(id)
	return m
}

// draw is the mark about a point, so large.
func (m mark) draw(x, y, r float64) string {
	style := fmt.Sprintf(`fill="%s" stroke="%s" stroke-width="%.1f"`, m.colour, card, max(r/4, 1))
	switch m.shape {
	case "square":
		return fmt.Sprintf(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%.1f" %s/>`, x-r*.9, y-r*.9, 1.8*r, 1.8*r, r/4, style)
	case "diamond":
		return fmt.Sprintf(`<path d="M%.1f %.1fl%.1f %.1fl%.1f %.1fl%.1f %.1fz" %s/>`, x, y-1.2*r, 1.2*r, 1.2*r, -1.2*r, 1.2*r, -1.2*r, -1.2*r, style)
	case "hexagon":
		return fmt.Sprintf(`<path d="M%.1f %.1fl%.1f %.1fv%.1fl%.1f %.1fl%.1f %.1fv%.1fz" %s/>`,
			x, y-1.1*r, r, .55*r, 1.1*r, -r, .55*r, -r, -.55*r, -1.1*r, style)
	}
	return fmt.Sprintf(`<circle cx="%.1f" cy="%.1f" r="%.1f" %s/>`, x, y, r, style)
}

// levels are the colours of the charge on the road, from the lowest.
var levels = []struct {
	below  float64
	colour string
	name   string
}{{0.2, "#d9482b", "below 20%"}, {0.4, "#ee9a32", "20–40%"}, {0.65, "#a2b534", "40–65%"}, {2, "#2b9a66", "above 65%"}}

func colourOf(soc float64) string {
	for _, l := range levels {
		if soc < l.below {
			return l.colour
		}
	}
	return levels[len(levels)-1].colour
}
