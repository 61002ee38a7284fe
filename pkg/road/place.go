package road

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

// Place is a municipality; its point is its seat.
type Place struct {
	Name  string    // "João Pessoa"
	State string    // "PB"
	Point geo.Point // degrees
}

// String is the full name that Network.Place finds again: "João Pessoa, PB".
func (p Place) String() string { return p.Name + ", " + p.State }

// ErrUnknownPlace is what every failed look-up of a name wraps.
var ErrUnknownPlace = errors.New("unknown place")

// UnknownPlaceError says that no municipality has the name.
type UnknownPlaceError struct {
	Name    string   // as it was asked for
	Nearest []string // what Search finds instead, best first, as "Name, UF"
}

func (e *UnknownPlaceError) Error() string {
	if len(e.Nearest) == 0 {
		return fmt.Sprintf("unknown place %q: want a municipality of Brazil's Northeast as \"Name, UF\"", e.Name)
	}
	return fmt.Sprintf("unknown place %q: did you mean %s?", e.Name, strings.Join(e.Nearest, "; "))
}

// Unwrap makes errors.Is(err, ErrUnknownPlace) true.
func (e *UnknownPlaceError) Unwrap() error { return ErrUnknownPlace }

// AmbiguousPlaceError says that several states have a municipality of the name.
type AmbiguousPlaceError struct {
	Name       string   // as it was asked for
	Candidates []string // "Name, UF", by state
}

func (e *AmbiguousPlaceError) Error() string {
	return fmt.Sprintf("%q is in %d states: say which one: %s", e.Name, len(e.Candidates), strings.Join(e.Candidates, "; "))
}

// Unwrap makes errors.Is(err, ErrUnknownPlace) true.
func (e *AmbiguousPlaceError) Unwrap() error { return ErrUnknownPlace }

const (
	longestName     = 100 // bytes; longer ones are not compared with the places
	nearestReported = 5
)

// Place finds a municipality by name, accents and case forgiven: "João Pessoa, PB",
// "joao pessoa-pb", "Joao Pessoa (Paraíba)", or the bare name where one state
// only has it. The errors are *UnknownPlaceError and *AmbiguousPlaceError.
func (n *Network) Place(name string) (Place, error) {
	if len(name) > longestName {
		return Place{}, &UnknownPlaceError{Name: name[:longestName] + "…"}
	}
	bare, state := splitState(fold(name))
	var found []Place
	for _, i := range n.byName[bare] {
		if p := n.places[i]; state == "" || p.State == state {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return Place{}, &UnknownPlaceError{Name: name, Nearest: fullOf(n.Search(name, nearestReported))}
	case 1:
		return found[0], nil
	}
	candidates := make([]string, len(found))
	for i, p := range found {
		candidates[i] = p.String()
	}
	slices.SortFunc(candidates, func(a, b string) int { return strings.Compare(a[len(a)-2:], b[len(b)-2:]) })
	return Place{}, &AmbiguousPlaceError{Name: name, Candidates: candidates}
}

// Places are all municipalities, in the order of their IBGE codes' names.
func (n *Network) Places() []Place { return slices.Clone(n.places) }

// PlaceNear is the municipality whose seat is nearest to a point, with its
// great-circle distance in kilometres.
func (n *Network) PlaceNear(p geo.Point) (Place, float64) {
	best, km := Place{}, 1e9
	for _, place := range n.places {
		if d := geo.Distance(p, place.Point); d < km {
			best, km = place, d
		}
	}
	return best, km
}

// nearestNames ranks the places by edit distance; another state than the one that
// was asked for counts like one more letter.
func (n *Network) nearestNames(bare, state string) []string {
	if bare == "" {
		return nil
	}
	type ranked struct {
		place    Place
		distance int
	}
	var near []ranked
	limit := max(2, len(bare)/3)
	for i, p := range n.places {
		d := editDistance(bare, n.folded[i], limit)
		if state != "" && p.State != state {
			d++
		}
		if d <= limit {
			near = append(near, ranked{p, d})
		}
	}
	slices.SortStableFunc(near, func(a, b ranked) int { return a.distance - b.distance })
	var names []string
	for _, r := range near[:min(nearestReported, len(near))] {
		names = append(names, r.place.String())
	}
	return names
}
