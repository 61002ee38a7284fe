package road_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
)

func TestPlaceForgives(t *testing.T) {
	n := road.Default()
	tests := []struct{ name, want string }{
		{"João Pessoa, PB", "João Pessoa, PB"},
		{"joao pessoa", "João Pessoa, PB"},
		{"JOAO PESSOA-PB", "João Pessoa, PB"},
		{"João Pessoa/PB", "João Pessoa, PB"},
		{"  joão   pessoa (paraíba) ", "João Pessoa, PB"},
		{"Joa\u0303o Pessoa, PB", "João Pessoa, PB"}, // decomposed
		{"Feira de Santana, BA", "Feira de Santana, BA"},
		{"feira de santana, bahia", "Feira de Santana, BA"},
		{"Itapecuru-Mirim", "Itapecuru Mirim, MA"},
		{"Dias d'Ávila BA", "Dias d'Ávila, BA"},
		{"Água Branca, AL", "Água Branca, AL"},
		{"Agua Branca, PI", "Água Branca, PI"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := n.Place(tt.name)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != tt.want {
				t.Errorf("Place = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestEveryPlaceIsFoundByItsFullName(t *testing.T) {
	n := road.Default()
	places := n.Places()
	if len(places) != 1794 {
		t.Fatalf("%d places, want the 1794 municipalities", len(places))
	}
	for _, p := range places {
		got, err := n.Place(p.String())
		if err != nil || got != p {
			t.Errorf("Place(%q) = %v, %v", p.String(), got, err)
		}
	}
}

func TestPlaceNamesHomonyms(t *testing.T) {
	_, err := road.Default().Place("agua branca")
	var ambiguous *road.AmbiguousPlaceError
	if !errors.As(err, &ambiguous) || !errors.Is(err, road.ErrUnknownPlace) {
		t.Fatalf("error %v, want AmbiguousPlaceError", err)
	}
	want := []string{"Água Branca, AL", "Água Branca, PB", "Água Branca, PI"}
	if !slices.Equal(ambiguous.Candidates, want) {
		t.Errorf("candidates %q, want %q", ambiguous.Candidates, want)
	}
	for _, c := range want {
		if !strings.Contains(err.Error(), c) {
			t.Errorf("error %q does not name %s", err, c)
		}
	}
}

func TestPlaceSuggests(t *testing.T) {
	tests := []struct{ name, nearest string }{
		{"Joao Pesoa", "João Pessoa, PB"},
		{"Feira de Santanna, BA", "Feira de Santana, BA"},
		{"João Pessoa, PE", "João Pessoa, PB"},
		{"Recifi, PE", "Recife, PE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := road.Default().Place(tt.name)
			var unknown *road.UnknownPlaceError
			if !errors.As(err, &unknown) || !errors.Is(err, road.ErrUnknownPlace) {
				t.Fatalf("error %v, want UnknownPlaceError", err)
			}
			if len(unknown.Nearest) == 0 || unknown.Nearest[0] != tt.nearest {
				t.Errorf("nearest %q, want %s first", unknown.Nearest, tt.nearest)
			}
		})
	}
}

func TestPlaceRefuses(t *testing.T) {
	for _, name := range []string{"", " ", ",", "PB", ", PB", "Atlantis", strings.Repeat("ã", 10000), "\x00\xff", "São Paulo, SP"} {
		if p, err := road.Default().Place(name); !errors.Is(err, road.ErrUnknownPlace) {
			t.Errorf("Place(%.20q) = %v, %v, want ErrUnknownPlace", name, p, err)
		} else if len(err.Error()) > 500 {
			t.Errorf("Place(%.20q): an error of %d bytes", name, len(err.Error()))
		}
	}
}

func TestPlaceNear(t *testing.T) {
	p, km := road.Default().PlaceNear(geo.Point{Lat: -7.12, Lon: -34.86})
	if p.String() != "João Pessoa, PB" || km > 1 {
		t.Errorf("PlaceNear = %s at %.1f km", p, km)
	}
}

func FuzzPlace(f *testing.F) {
	for _, s := range []string{"João Pessoa, PB", "agua branca", "x", "Joa\u0303o", "(", "/,(", "\xff\xfe", "a a a, b", "İ"} {
		f.Add(s)
	}
	n := road.Default()
	f.Fuzz(func(t *testing.T, name string) {
		p, err := n.Place(name)
		if err != nil {
			if !errors.Is(err, road.ErrUnknownPlace) {
				t.Fatalf("Place(%q): error %v of another kind", name, err)
			}
			return
		}
		if again, err := n.Place(p.String()); err != nil || again != p {
			t.Fatalf("Place(%q) = %s, which is not found again: %v, %v", name, p, again, err)
		}
	})
}
