package road

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

//go:embed places.tsv
var placesData string

//go:embed network.tsv
var networkData string

// Default is the embedded network of the Northeast, read once.
var Default = sync.OnceValue(func() *Network {
	n, err := Embedded()
	if err != nil {
		panic("road: the embedded network is broken: " + err.Error())
	}
	return n
})

// Embedded reads the embedded network afresh: one that remembers no trees yet.
func Embedded() (*Network, error) { return Parse(placesData, networkData) }

// Network is a road graph with its places. It does not change once read (it
// remembers the trees of From, within a bound), so any number of goroutines may
// use it.
type Network struct {
	places []Place
	folded []string         // folded names, by place
	byName map[string][]int // folded name → places
	points []geo.Point      // by node; the first ones are the places
	edges  []edge
	next   [][]half // by node
	cells  map[cell][]int32
	trees  treeCache
	// reaches are the drives from each node, found when first asked for.
	reaches []atomic.Pointer[reach]
}

type edge struct {
	a, b  int32
	km    float32
	hours float32
	road  string
}

// half is an edge as seen from one of its ends.
type half struct {
	to, edge  int32
	km, hours float32
}

// Parse reads a network from the text of its two files. Places have the lines
// "name, state, lat, lon"; networks "N, lat, lon" for a node, numbered after the
// places, and "E, node, node, km, km/h, road"; fields are separated by tabs, and
// lines that start with # are left out. The error names the line.
func Parse(places, network string) (*Network, error) {
	n := &Network{byName: map[string][]int{}, cells: map[cell][]int32{}}
	if err := eachLine(places, n.addPlace); err != nil {
		return nil, fmt.Errorf("places: %w", err)
	}
	if err := eachLine(network, n.addLine); err != nil {
		return nil, fmt.Errorf("network: %w", err)
	}
	n.next = make([][]half, len(n.points))
	n.reaches = make([]atomic.Pointer[reach], len(n.points))
	for i, e := range n.edges {
		n.next[e.a] = append(n.next[e.a], half{e.b, int32(i), e.km, e.hours})
		n.next[e.b] = append(n.next[e.b], half{e.a, int32(i), e.km, e.hours})
		n.index(int32(i))
	}
	return n, nil
}

func eachLine(text string, read func(fields []string) error) error {
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if err := read(strings.Split(line, "\t")); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	return nil
}

func (n *Network) addPlace(f []string) error {
	if len(f) != 4 || f[0] == "" || len(f[1]) != 2 {
		return fmt.Errorf("want name, state, lat, lon; found %q", f)
	}
	p, err := geo.Parse(f[2] + "," + f[3])
	if err != nil {
		return err
	}
	key := fold(f[0])
	n.byName[key] = append(n.byName[key], len(n.places))
	n.folded = append(n.folded, key)
	n.places = append(n.places, Place{Name: f[0], State: f[1], Point: p})
	n.points = append(n.points, p)
	return nil
}

func (n *Network) addLine(f []string) error {
	switch {
	case f[0] == "N" && len(f) == 3:
		p, err := geo.Parse(f[1] + "," + f[2])
		n.points = append(n.points, p)
		return err
	case f[0] == "E" && len(f) == 6:
		return n.addEdge(f)
	}
	return fmt.Errorf("want a node (N) or an edge (E); found %q", f)
}

func (n *Network) addEdge(f []string) error {
	var ends [2]int
	for i := range ends {
		v, err := strconv.Atoi(f[1+i])
		if err != nil || v < 0 || v >= len(n.points) {
			return fmt.Errorf("there is no node %q", f[1+i])
		}
		ends[i] = v
	}
	km, err := strconv.ParseFloat(f[3], 32)
	if err != nil || !(km > 0 && km < 1000) {
		return fmt.Errorf("%q kilometres: want more than 0, less than 1000", f[3])
	}
	kmh, err := strconv.ParseFloat(f[4], 32)
	if err != nil || !(kmh >= 5 && kmh <= 120) {
		return fmt.Errorf("%q km/h: want 5 to 120", f[4])
	}
	n.edges = append(n.edges, edge{int32(ends[0]), int32(ends[1]), float32(km), float32(km / kmh), f[5]})
	return nil
}
