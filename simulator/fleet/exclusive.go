package fleet

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// visit is a session with the journey that it belongs to.
type visit struct {
	r Record
	s Session
}

// exclusive looks for two cars at one plug at a time, for one car at two of them,
// and for cars that were let in during the window of another. It holds against the
// companies only what a car knows for certain: it was let in no later than when it
// heard so, and it had not left before it said so.
func exclusive(records []Record) []Imbalance {
	plugs, cars := map[string][]visit{}, map[string][]visit{}
	for _, r := range records {
		for _, s := range r.Sessions {
			plugs[string(s.EVSE)] = append(plugs[string(s.EVSE)], visit{r, s})
			cars[string(r.Vehicle)] = append(cars[string(r.Vehicle)], visit{r, s})
		}
	}
	var found []Imbalance
	for evse, visits := range plugs {
		found = append(found, overlaps(visits, func(a, b visit) string {
			return fmt.Sprintf("%s was used by %s until %s, and by this car from %s", evse, a.r.Vehicle, instant(a.s.Released), instant(b.s.Plugged))
		})...)
		found = append(found, windows(visits)...)
	}
	for _, visits := range cars {
		found = append(found, overlaps(visits, func(a, b visit) string {
			return fmt.Sprintf("it charged at %s until %s, and at %s from %s", a.s.EVSE, instant(a.s.Released), b.s.EVSE, instant(b.s.Plugged))
		})...)
	}
	slices.SortFunc(found, func(a, b Imbalance) int {
		return cmp.Or(cmp.Compare(a.Vehicle, b.Vehicle), cmp.Compare(a.Detail, b.Detail))
	})
	return found
}

func instant(t time.Time) string { return t.Format(time.RFC3339) }

// overlaps finds the visits that began while another one had not ended.
func overlaps(visits []visit, say func(a, b visit) string) []Imbalance {
	slices.SortFunc(visits, func(a, b visit) int { return a.s.Plugged.Compare(b.s.Plugged) })
	var found []Imbalance
	last := 0 // of those before, the one that ended last
	for i := 1; i < len(visits); i++ {
		a, b := visits[last], visits[i]
		if b.s.Plugged.Before(a.s.Released) {
			found = append(found, Imbalance{b.r.Vehicle, b.r.Journey, "exclusive", say(a, b)})
		}
		if b.s.Released.After(a.s.Released) {
			last = i
		}
	}
	return found
}

// windows finds, among the visits of one EVSE in their order, those that had
// another's window sold to them, and those that were let in during it.
func windows(visits []visit) []Imbalance {
	var found []Imbalance
	for i := 1; i < len(visits); i++ {
		a, b := visits[i-1], visits[i]
		// A window ends for others when the car leaves within it.
		if end := earlier(a.s.Window.End, a.s.Released); b.s.Window.Start.Before(end) && a.s.Window.Start.Before(b.s.Window.End) {
			found = append(found, Imbalance{b.r.Vehicle, b.r.Journey, "exclusive", fmt.Sprintf("%s was booked for %s until %s, and for this car from %s",
				b.s.EVSE, a.r.Vehicle, instant(end), instant(b.s.Window.Start))})
		}
		// Who came later had its window then already: none begins in the past.
		if !a.s.Asked.Before(b.s.Window.Start) && a.s.Asked.Before(b.s.Window.End) && a.s.Released.After(b.s.Window.Start) {
			found = append(found, Imbalance{a.r.Vehicle, a.r.Journey, "exclusive", fmt.Sprintf("it was let in at %s at %s, in the window of %s from %s",
				a.s.EVSE, instant(a.s.Plugged), b.r.Vehicle, instant(b.s.Window.Start))})
		}
	}
	return found
}
