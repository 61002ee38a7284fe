package fleet

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Outcome names what can happen to a car; each is counted.
type Outcome string

// The outcomes, in the order in which a journey meets them.
const (
	Connected    Outcome = "connected"
	Planned      Outcome = "planned"
	Infeasible   Outcome = "infeasible" // no plan leads there
	Reserved     Outcome = "reserved"
	Decided      Outcome = "decided"   // a stop was lost and another one chosen
	Aborted      Outcome = "aborted"   // nothing was reserved
	Driving      Outcome = "driving"   // a drive began
	Dark         Outcome = "dark"      // came where there is no network
	Alerted      Outcome = "alerted"   // the server told something by itself
	Accepted     Outcome = "accepted"  // and the driver took what it proposed
	Declined     Outcome = "declined"  // or did not
	Replanned    Outcome = "replanned" // other stops were looked for on the road
	Charging     Outcome = "charging"
	Refused      Outcome = "refused" // at the plug
	Overstayed   Outcome = "overstayed"
	Misbehaved   Outcome = "misbehaved" // tried what must come to nothing
	Done         Outcome = "done"       // arrived
	GivenUp      Outcome = "given_up"
	Canceled     Outcome = "canceled"
	NoShow       Outcome = "no_show"
	BrokenDown   Outcome = "broken_down"
	Stranded     Outcome = "stranded"
	Disconnected Outcome = "disconnected"
	Unanswered   Outcome = "unanswered"
	Failed       Outcome = "failed" // a refusal that is none of the above
	Ended        Outcome = "ended"  // with the fleet, under way
	Scene        Outcome = "scene"  // something was done to a company
)

// Outcomes lists them all.
func Outcomes() []Outcome {
	return []Outcome{
		Connected, Planned, Infeasible, Reserved, Decided, Aborted, Driving, Dark, Alerted, Accepted, Declined, Replanned,
		Charging, Refused, Overstayed, Misbehaved, Done, GivenUp, Canceled, NoShow, BrokenDown, Stranded, Disconnected, Unanswered, Failed,
		Ended, Scene,
	}
}

func outcomeOf(e Ending) Outcome {
	return map[Ending]Outcome{
		Arrived: Done, Impossible: Infeasible, Lost: Aborted, GaveUp: GivenUp, Withdrawn: Canceled, NeverCame: NoShow,
		Broken: BrokenDown, Empty: Stranded, Unheard: Failed, Erred: Failed, Unfinished: Ended,
	}[e]
}

// Doing is what a car does now.
type Doing string

// What a car can do.
const (
	Idle      Doing = "idle"
	Wishing   Doing = "planning" // asks for a plan, or reserves
	Ready     Doing = "ready"    // reserved, not yet under way
	OnTheRoad Doing = "driving"
	Waiting   Doing = "waiting" // for its window, or for the one before it
	Plugged   Doing = "charging"
	Standing  Doing = "looking" // on the way, for other stops
)

// Doings lists them all, in the order of a journey.
func Doings() []Doing { return []Doing{Wishing, Ready, OnTheRoad, Waiting, Plugged, Standing} }

// Status is how the fleet is at a moment.
type Status struct {
	At     time.Time // civil
	Real   time.Duration
	Cars   int
	Now    map[Doing]int
	Ended  map[Ending]int
	Counts map[Outcome]int
}

// Account is what one company's EVSEs delivered and earned.
type Account struct {
	Sessions   int     `json:"sessions"`
	MeterKWh   float64 `json:"meter_kwh"`
	Price      float64 `json:"price"`
	Overstay   float64 `json:"overstay"`
	Overstayed int     `json:"overstayed"`
}

// Quantiles of a distribution.
type Quantiles struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Summary tells how the fleet fared.
type Summary struct {
	Cars  int
	Seed  uint64
	Speed float64
	// Draws is the fingerprint of what was drawn: equal for equal fleets. What
	// became of them also depends on who was first.
	Draws string
	// Counts tells how often each outcome happened, Ended how journeys did.
	Counts map[Outcome]int
	Ended  map[Ending]int
	// Km driven and KWh charged by all cars.
	Km, KWh float64
	// Began is the civil time of the start; Civil and Real are how long it took.
	Began       time.Time
	Civil, Real time.Duration
	// StrandedFollowing are cars that were stranded although they had followed
	// their plans.
	StrandedFollowing int
	// Companies are the accounts of those where cars charged.
	Companies map[charging.CompanyID]Account
	// Imbalances are what does not add up, the first few; Imbalanced is how many.
	Imbalances []Imbalance
	Imbalanced int
	// LocksLeft are the holds that were in force at the end, TripsOpen the trips
	// that were neither completed nor released; −1 where nobody looked.
	LocksLeft, TripsOpen int
	// Answers are the real milliseconds that each kind of request took.
	Answers map[carlink.Action]Quantiles
	// Waits are the civil minutes between coming to a stop and plugging in.
	Waits Quantiles
	// Manners are the misdeeds that were tried, and how often each was answered how.
	// Rude is how many stops cars without manners came to, Crowded how often a car
	// said that it had plugged in where another one stood.
	Manners       map[Misdeed]map[string]int
	Rude, Crowded int
	// Records are all journeys' books, in the order of the cars, where their
	// number was bounded.
	Records []Record `json:"-"`
}

// Good reports whether the fleet has held what must hold: nobody stranded who
// followed the plan, books that balance, no lock left.
func (s Summary) Good() bool {
	return s.StrandedFollowing == 0 && s.Imbalanced == 0 && s.LocksLeft <= 0 && s.TripsOpen <= 0
}

// MarshalJSON puts the counts beside the rest: {"cars":3,"planned":2,…}.
func (s Summary) MarshalJSON() ([]byte, error) {
	flat := map[string]any{
		"cars": s.Cars, "seed": s.Seed, "speed": s.Speed, "draws": s.Draws, "km": round(s.Km, 10), "kwh": round(s.KWh, 10),
		"began": s.Began.Format(time.RFC3339), "civil_hours": round(s.Civil.Hours(), 100), "real_seconds": round(s.Real.Seconds(), 10),
		"stranded_following_plan": s.StrandedFollowing, "imbalances": s.Imbalanced, "imbalance_details": s.Imbalances,
		"locks_left": s.LocksLeft, "trips_open": s.TripsOpen, "companies": s.Companies, "answers_ms": s.Answers,
		"wait_minutes": s.Waits, "endings": s.Ended, "good": s.Good(),
		"misdeeds": s.Manners, "rude_stops": s.Rude, "crowded_plugs": s.Crowded,
	}
	for _, o := range Outcomes() {
		flat[string(o)] = s.Counts[o]
	}
	return json.Marshal(flat)
}

func round(v, parts float64) float64 { return math.Round(v*parts)/parts + 0 }

// quantilesOf a list, which it sorts.
func quantilesOf(v []float64) Quantiles {
	if len(v) == 0 {
		return Quantiles{}
	}
	slices.Sort(v)
	at := func(q float64) float64 { return round(v[min(int(q*float64(len(v))), len(v)-1)], 10) }
	return Quantiles{len(v), at(0.5), at(0.9), at(0.99), at(1)}
}

// tally gathers a Summary from many cars.
type tally struct {
	mu      sync.Mutex
	s       Summary
	began   time.Time // real
	now     map[Doing]int
	answers map[carlink.Action][]float64
	waits   []float64
}

func newTally(o Options) *tally {
	return &tally{
		s: Summary{
			Cars: o.Cars, Seed: o.Seed, Speed: o.Speed, Counts: map[Outcome]int{}, Ended: map[Ending]int{},
			Companies: map[charging.CompanyID]Account{}, Manners: map[Misdeed]map[string]int{}, LocksLeft: -1, TripsOpen: -1,
		},
		now: map[Doing]int{}, answers: map[carlink.Action][]float64{}, began: time.Now(),
	}
}

func (t *tally) count(o Outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.s.Counts[o]++
}

// mostSamples bounds what a fleet without an end remembers of its answers.
const mostSamples = 200_000

func (t *tally) took(a carlink.Action, d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.answers[a]) < mostSamples {
		t.answers[a] = append(t.answers[a], d.Seconds()*1000)
	}
}

// add puts a journey that has ended into the sums.
func (t *tally) add(r *Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.s.Ended[r.Ending]++
	t.s.Km += r.Km
	if r.Ending == Empty && r.FollowedPlan() {
		t.s.StrandedFollowing++
	}
	for _, s := range r.Sessions {
		t.s.KWh += s.BatteryKWh
		a := t.s.Companies[s.Company]
		a.Sessions++
		a.MeterKWh = round(a.MeterKWh+s.MeterKWh, 1e3)
		a.Price, a.Overstay = round(a.Price+s.Price, 100), round(a.Overstay+s.Overstay, 100)
		if s.Overstayed > 0 {
			a.Overstayed++
		}
		t.s.Companies[s.Company] = a
	}
	for _, a := range r.Attempts {
		if t.s.Manners[a.Misdeed] == nil {
			t.s.Manners[a.Misdeed] = map[string]int{}
		}
		t.s.Manners[a.Misdeed][a.Answer]++
	}
	for i, p := range r.Phases {
		if i+1 < len(r.Phases) && p.Kind == PhaseWait && r.Phases[i+1].Kind == PhaseCharge && len(t.waits) < mostSamples {
			t.waits = append(t.waits, p.To.Sub(p.From).Minutes())
		}
	}
}

// crowd counts a car that says it has plugged in where another one stands.
func (t *tally) crowd() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.s.Crowded++
}

// rude counts a stop that a car without manners has come to.
func (t *tally) rude() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.s.Rude++
}

func (t *tally) keep(r Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.s.Records = append(t.s.Records, r)
}

// set notes what a car does now.
func (d *driver) set(to Doing) {
	t := d.run.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now[d.doing]--
	t.now[to]++
	d.doing = to
}

func (t *tally) status(now time.Time) Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Status{
		At: now.UTC(), Real: time.Since(t.began), Cars: t.s.Cars, Now: maps.Clone(t.now), Ended: maps.Clone(t.s.Ended), Counts: maps.Clone(t.s.Counts),
	}
}

func (t *tally) summary() Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.s
	out.Manners = map[Misdeed]map[string]int{}
	for m, answers := range t.s.Manners {
		out.Manners[m] = maps.Clone(answers)
	}
	out.Counts, out.Ended, out.Companies = maps.Clone(t.s.Counts), maps.Clone(t.s.Ended), maps.Clone(t.s.Companies)
	out.Answers = map[carlink.Action]Quantiles{}
	for a, v := range t.answers {
		out.Answers[a] = quantilesOf(slices.Clone(v))
	}
	out.Waits = quantilesOf(slices.Clone(t.waits))
	return out
}
