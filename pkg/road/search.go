package road

import (
	"cmp"
	"slices"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

// Capital reports whether the place is the capital of its state.
func (p Place) Capital() bool { return capitals[p.String()] }

// Search finds places by what a person types, at most limit of them: every word that
// was typed begins a word of the name, in the name's order, accents and case forgiven;
// after the name its state may follow ("pb", "paraí"). Full names come first, then
// capitals, then by population. Where nothing is found so, the nearest spellings are
// given. Nothing typed finds nothing.
func (n *Network) Search(typed string, limit int) []Place {
	if len(typed) > longestName || limit <= 0 {
		return nil
	}
	asked := searchWords(typed)
	if len(asked) == 0 {
		return nil
	}
	var found []hit
	for i, p := range n.places {
		if begins(asked, strings.Fields(n.folded[i]), p.State) {
			found = append(found, n.hit(i, asked))
		}
	}
	if len(found) == 0 {
		return n.near(typed, limit)
	}
	slices.SortFunc(found, hit.compare)
	places := make([]Place, 0, min(limit, len(found)))
	for _, h := range found[:cap(places)] {
		places = append(places, h.place)
	}
	return places
}

// searchWords are the words of what was typed; what sets off a state ends a word, too.
func searchWords(typed string) []string {
	return strings.FieldsFunc(fold(typed), func(r rune) bool { return strings.ContainsRune(" ,/()", r) })
}

// begins reports whether each word that was asked for begins one of the name's words or
// of its state's, later than the one before; the first one is of the name.
func begins(asked, name []string, state string) bool {
	words := append(slices.Clone(name), strings.ToLower(state))
	words = append(words, strings.Fields(fullNames[state])...)
	at := 0
	for i, a := range asked {
		for at < len(words) && !strings.HasPrefix(words[at], a) {
			at++
		}
		if at == len(words) || i == 0 && at >= len(name) {
			return false
		}
		at++
	}
	return true
}

// fullNames are the folded names of the states by their letters.
var fullNames = func() map[string]string {
	names := map[string]string{}
	for name, uf := range stateNames {
		if len(name) > 2 {
			names[uf] = name
		}
	}
	return names
}()

// hit is a place that was found, with what it is ranked by: less comes first.
type hit struct {
	place  Place
	folded string
	ranks  [4]int
}

func (n *Network) hit(i int, asked []string) hit {
	h := hit{place: n.places[i], folded: n.folded[i], ranks: [4]int{1, 1, len(largest) + 1, 1}}
	words := strings.Fields(n.folded[i])
	if len(asked) >= len(words) && slices.Equal(asked[:len(words)], words) {
		h.ranks[0] = 0
	}
	if h.place.Capital() {
		h.ranks[1] = 0
	}
	if r, ok := ranks[h.place.String()]; ok {
		h.ranks[2] = r
	}
	if strings.HasPrefix(words[0], asked[0]) {
		h.ranks[3] = 0
	}
	return h
}

func (h hit) compare(other hit) int {
	return cmp.Or(slices.Compare(h.ranks[:], other.ranks[:]), cmp.Compare(h.folded, other.folded),
		cmp.Compare(h.place.State, other.place.State))
}

// shortestGuess is how many letters are typed before a spelling is guessed.
const shortestGuess = 4

// near are the nearest spellings, as an unknown place's error has them.
func (n *Network) near(typed string, limit int) []Place {
	bare, state := splitState(fold(typed))
	if len(bare) < shortestGuess {
		return nil
	}
	names := n.nearestNames(bare, state)
	var places []Place
	for _, name := range names[:min(limit, len(names))] {
		if p, err := n.Place(name); err == nil {
			places = append(places, p)
		}
	}
	return places
}

// fullOf are the full names of places.
func fullOf(places []Place) []string {
	names := make([]string, len(places))
	for i, p := range places {
		names[i] = p.String()
	}
	return names
}

// Distant is a place with its great-circle distance from a point in kilometres.
type Distant struct {
	Place
	Km float64
}

// Around are the places whose seats are nearest to a point, at most limit, the nearest
// first.
func (n *Network) Around(p geo.Point, limit int) []Distant {
	all := make([]Distant, len(n.places))
	for i, place := range n.places {
		all[i] = Distant{place, geo.Distance(p, place.Point)}
	}
	slices.SortStableFunc(all, func(a, b Distant) int { return cmp.Compare(a.Km, b.Km) })
	return all[:max(0, min(limit, len(all)))]
}
