package road_test

import (
	"errors"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
)

// What people type, letter by letter and as they are used to, finds what they mean: a
// search that compares accents, whole names or first words only misses some.
func TestSearchFindsWhatPeopleMean(t *testing.T) {
	n := road.Default()
	for typed, want := range map[string]string{
		"joao":                  "João Pessoa, PB",
		"João":                  "João Pessoa, PB",
		"joa\u0303o":            "João Pessoa, PB", // decomposed
		"JOAO PE":               "João Pessoa, PB",
		"joao pessoa, pb":       "João Pessoa, PB",
		"pessoa":                "João Pessoa, PB",
		"Feira":                 "Feira de Santana, BA",
		"feira de s":            "Feira de Santana, BA",
		"feira sant":            "Feira de Santana, BA",
		"feira de santana-ba":   "Feira de Santana, BA",
		"Feira de Santana (Bah": "Feira de Santana, BA",
		"sao l":                 "São Luís, MA",
		"s luis":                "São Luís, MA",
		"luis":                  "São Luís, MA",
		"mace":                  "Maceió, AL",
		"reci":                  "Recife, PE",
		"natal":                 "Natal, RN",
		"juazeiro":              "Juazeiro, BA",
		"juazeiro do":           "Juazeiro do Norte, CE",
		"juazeiro ce":           "Juazeiro do Norte, CE",
		"vitoria":               "Vitória da Conquista, BA",
		"vitoria de":            "Vitória de Santo Antão, PE",
		"conquista":             "Vitória da Conquista, BA",
		"campina":               "Campina Grande, PB",
		"d'avila":               "Dias d'Ávila, BA",
		"agua branca pi":        "Água Branca, PI",
		"lauro":                 "Lauro de Freitas, BA",
		"s":                     "Salvador, BA",
		// Nothing begins so: the nearest spelling.
		"feria de santana": "Feira de Santana, BA",
		"joaopessoa":       "João Pessoa, PB",
		"maseio":           "Maceió, AL",
	} {
		got := n.Search(typed, 10)
		if len(got) == 0 || got[0].String() != want {
			t.Errorf("%q finds %v, want %s first", typed, got, want)
		}
	}
}

func TestSearchFindsNothing(t *testing.T) {
	n := road.Default()
	for _, typed := range []string{"", "  ", ",", "xyz", "são paulo capital do estado", "pessoa joão de", "ba ba ba ba", string(make([]byte, 101))} {
		if got := n.Search(typed, 10); len(got) > 0 {
			t.Errorf("%q finds %v", typed, got)
		}
	}
	if got := n.Search("a", 0); len(got) > 0 {
		t.Errorf("0 at most, %d found", len(got))
	}
}

// Every place is found by its full name, first; capitals precede the other cities that
// what is typed begins, and these the rest.
func TestSearchRanks(t *testing.T) {
	n := road.Default()
	for _, p := range n.Places() {
		if got := n.Search(p.String(), 1); len(got) != 1 || got[0] != p {
			t.Errorf("%s finds %v", p, got)
		}
	}
	var capitals, cities int
	for i, p := range n.Search("s", 50) {
		switch {
		case p.Capital() && capitals < i:
			t.Errorf("%s is a capital, and number %d", p, i+1)
		case p.Capital():
			capitals++
		default:
			cities++
		}
	}
	if capitals != 2 || cities != 48 {
		t.Errorf("%d capitals and %d other places begin with S", capitals, cities)
	}
}

// The names that the ranks are given by are places' names: one misspelt ranks nothing.
func TestTheRankedCitiesArePlaces(t *testing.T) {
	n := road.Default()
	for _, name := range road.Ranked() {
		if p, err := n.Place(name); err != nil || p.String() != name {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
}

// Who asks for a part of a name is told the whole ones.
func TestAnUnknownPlaceNamesWhatIsFoundInstead(t *testing.T) {
	_, err := road.Default().Place("Feira")
	var unknown *road.UnknownPlaceError
	if !errors.As(err, &unknown) || len(unknown.Nearest) == 0 || unknown.Nearest[0] != "Feira de Santana, BA" {
		t.Errorf("%v", err)
	}
}

func TestAround(t *testing.T) {
	n := road.Default()
	near := n.Around(geo.Point{Lat: -7.12, Lon: -34.86}, 4)
	if len(near) != 4 || near[0].String() != "João Pessoa, PB" || near[0].Km > 6 {
		t.Fatalf("%v", near)
	}
	for i := 1; i < len(near); i++ {
		if near[i].Km < near[i-1].Km {
			t.Errorf("number %d is nearer than the one before: %v", i+1, near)
		}
	}
}
