package fleet

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func TestDrawIsDeterministic(t *testing.T) {
	a, b := Draw(42, 200), Draw(42, 100)
	if !reflect.DeepEqual(a[:100], b) {
		t.Error("the same seed gives another fleet")
	}
	if Digest(a[:100], 2) != Digest(b, 2) || Digest(a, 1) == Digest(b, 1) || Digest(b, 1) == Digest(b, 2) {
		t.Error("the fingerprint is not of the cars and their journeys")
	}
	if Digest(Draw(1, 20), 1) == Digest(Draw(2, 20), 1) {
		t.Error("another seed gives the same fleet")
	}
	seen := map[carlink.Discharge]int{}
	for _, c := range a {
		j := c.Journey(0)
		seen[c.Discharge]++
		if d := geo.Distance(point(j.From), point(j.To)); d < minJourney {
			t.Errorf("%s → %s is %.0f km", j.From, j.To, d)
		}
		if j.SoC < 0.55 || j.SoC > 1 || j.Wish < 0 || j.Wish > 1 || !j.Policy.Valid() || c.Model.Validate() != nil || len(j.Stretches) != stretches {
			t.Errorf("%+v %+v", c, j)
		}
		if next := c.Journey(1); next.From != j.To {
			t.Errorf("after %s it begins in %s", j.To, next.From)
		}
	}
	if seen[carlink.Slow] == 0 || seen[carlink.Normal] == 0 || seen[carlink.Fast] == 0 {
		t.Errorf("tendencies %v", seen)
	}
}

// TestDrawsDoNotDependOnScheduling: whichever car and journey is asked for first,
// by however many at a time, the numbers are the same.
func TestDrawsDoNotDependOnScheduling(t *testing.T) {
	want := map[int][3]Journey{}
	for i, c := range Draw(5, 50) {
		want[i] = [3]Journey{c.Journey(0), c.Journey(1), c.Journey(2)}
	}
	var wg sync.WaitGroup
	cars := Draw(5, 50)
	slices.Reverse(cars)
	for _, c := range cars {
		for _, n := range []int{2, 0, 1} {
			wg.Go(func() {
				if got := c.Journey(n); !reflect.DeepEqual(got, want[c.Index][n]) {
					t.Errorf("car %d, journey %d is another one", c.Index, n)
				}
			})
		}
	}
	wg.Wait()
}

// TestOddsChangeNothingElse: the same fleet, with and without break-downs.
func TestOddsChangeNothingElse(t *testing.T) {
	calm, wild := draw(3, 300, Odds{}, nil, ends{}), draw(3, 300, Odds{Late: 1, NoShow: 0.5, BreakDown: 0.2, Misbehave: 0.3}, nil, ends{})
	late, noShow, broken, rude := 0, 0, 0, 0
	for i := range calm {
		a, b := calm[i].Journey(0), wild[i].Journey(0)
		if b.Quirks.Late > 0 {
			late++
		}
		if b.Quirks.NoShow {
			noShow++
		}
		if b.Quirks.BreakDownAt > 0 {
			broken++
		}
		if len(b.Quirks.Misdeeds) > 0 {
			rude++
		}
		if !reflect.DeepEqual(a.Quirks, Quirks{}) {
			t.Errorf("car %d: %+v with no odds", i, a.Quirks)
		}
		a.Quirks, b.Quirks = Quirks{}, Quirks{}
		if !reflect.DeepEqual(a, b) {
			t.Errorf("car %d is another one", i)
		}
	}
	if late != 300 || noShow < 110 || noShow > 190 || broken < 30 || broken > 90 || rude < 60 || rude > 120 {
		t.Errorf("%d late, %d do not come, %d break down, %d have no manners", late, noShow, broken, rude)
	}
}

func TestOddsAreChecked(t *testing.T) {
	if err := EverydayOdds().Validate(); err != nil {
		t.Error(err)
	}
	for name, o := range map[string]Odds{"late": {Late: -1}, "no_show": {NoShow: 2}, "dead_zone": {DeadZone: math.NaN()}} {
		if err := o.Validate(); err == nil || !strings.HasPrefix(err.Error(), name+":") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRoles(t *testing.T) {
	r := Role{
		Model: "byd-dolphin", Discharge: carlink.Fast, SoC: 0.4, From: "João Pessoa, PB", To: "Feira de Santana, BA",
		Objective: trip.Cheapest, Policy: trip.Wait, Wait: time.Minute,
	}
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	drawn, played := draw(3, 1, Odds{}, nil, ends{})[0], draw(3, 1, Odds{}, []Role{r}, ends{})[0]
	j := played.Journey(0)
	if played.Model.ID != "byd-dolphin" || played.Discharge != carlink.Fast || j.SoC != 0.4 || j.From != r.From || j.To != r.To ||
		j.Objective != trip.Cheapest || j.Policy != trip.Wait || j.Wait != time.Minute {
		t.Errorf("%+v %+v", played, j)
	}
	if drawn.Journey(0).Wish != j.Wish {
		t.Error("a role changes what it does not name")
	}
	if next := played.Journey(1); next.From != r.To || next.Wait == time.Minute {
		t.Errorf("the role is played twice: %+v", next)
	}
	for field, bad := range map[string]Role{
		"model": {Model: "tricycle"}, "from": {From: "Atlantis"}, "to": {To: "Atlantis"}, "discharge": {Discharge: "leaky"},
		"soc": {SoC: 2}, "on_conflict": {Policy: "cry"}, "objective": {Objective: "scenic"}, "wait": {Wait: -1},
	} {
		if err := bad.Validate(); err == nil || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("%s: %v", field, err)
		}
	}
	home := drawn.Journey(0).From
	if there := draw(3, 1, Odds{}, []Role{{To: home}}, ends{})[0].Journey(0); there.From == there.To || there.To != home {
		t.Errorf("it is there already: %+v", there)
	}
}
