package fleet

import (
	"encoding/json"
	"sync"
)

// Outcome names what can happen to a car; each is counted.
type Outcome string

// The outcomes, in the order in which a journey meets them.
const (
	Connected    Outcome = "connected"
	Planned      Outcome = "planned"
	Infeasible   Outcome = "infeasible" // no plan leads there
	Reserved     Outcome = "reserved"
	Decided      Outcome = "decided" // a stop was lost and another one chosen
	Aborted      Outcome = "aborted" // nothing was reserved
	Driving      Outcome = "driving" // a drive began
	Charging     Outcome = "charging"
	Refused      Outcome = "refused" // at the plug
	Done         Outcome = "done"    // arrived
	Stranded     Outcome = "stranded"
	Disconnected Outcome = "disconnected"
	Unanswered   Outcome = "unanswered"
	Failed       Outcome = "failed" // a refusal that is none of the above
)

// Outcomes lists them all.
func Outcomes() []Outcome {
	return []Outcome{
		Connected, Planned, Infeasible, Reserved, Decided, Aborted, Driving, Charging, Refused, Done, Stranded,
		Disconnected, Unanswered, Failed,
	}
}

// Summary tells how often each outcome happened; each counts up only.
type Summary struct {
	Cars   int
	Seed   uint64
	Counts map[Outcome]int
	// Km driven and KWh charged by all cars.
	Km, KWh float64
}

// MarshalJSON puts the counts beside the rest: {"cars":3,"planned":2,…}.
func (s Summary) MarshalJSON() ([]byte, error) {
	flat := map[string]any{"cars": s.Cars, "seed": s.Seed, "km": round(s.Km), "kwh": round(s.KWh)}
	for _, o := range Outcomes() {
		flat[string(o)] = s.Counts[o]
	}
	return json.Marshal(flat)
}

func round(v float64) float64 { return float64(int(v*10+0.5)) / 10 }

// tally gathers a Summary from many cars.
type tally struct {
	mu sync.Mutex
	s  Summary
}

func (t *tally) count(o Outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.s.Counts[o]++
}

func (t *tally) add(km, kWh float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.s.Km += km
	t.s.KWh += kWh
}

func (t *tally) summary() Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.s
	out.Counts = make(map[Outcome]int, len(t.s.Counts))
	for o, n := range t.s.Counts {
		out.Counts[o] = n
	}
	return out
}
