package road

import (
	"strings"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

// Line is a piece of road between two nodes, for maps.
type Line struct {
	A, B geo.Point
	// Federal is true for a BR highway.
	Federal bool
}

// Lines are all roads of the network, local ones included.
func (n *Network) Lines() []Line {
	lines := make([]Line, len(n.edges))
	for i, e := range n.edges {
		lines[i] = Line{n.points[e.a], n.points[e.b], strings.HasPrefix(e.road, "BR")}
	}
	return lines
}
