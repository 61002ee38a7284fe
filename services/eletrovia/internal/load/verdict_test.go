package load

import (
	"math"
	"testing"
)

func TestWhatIsKeptIsOfThePeaksBeforeAndAfter(t *testing.T) {
	round := func(peak, over, recovered float64) Round {
		return Round{Peak: Phase{Goodput: peak}, Over: Phase{Goodput: over}, Recovered: recovered}
	}
	v := Verdict{Rounds: []Round{round(1000, 720, 0.1), round(800, 700, 0.4)}, After: Phase{Goodput: 600}}
	v.judge()
	for n, want := range []float64{0.8, 1} {
		if got := v.Rounds[n].Kept; math.Abs(got-want) > 1e-9 {
			t.Errorf("round %d kept %v, want %v", n, got, want)
		}
	}
	if math.Abs(v.Kept-0.9) > 1e-9 || v.Recovered != 0.4 {
		t.Errorf("kept %v, recovered after %v; want 0.9, 0.4", v.Kept, v.Recovered)
	}
	never := Verdict{Rounds: []Round{round(1, 1, -1), round(1, 1, 2)}, After: Phase{Goodput: 1}}
	if never.judge(); never.Recovered != -1 {
		t.Errorf("recovered after %v, want never", never.Recovered)
	}
}
