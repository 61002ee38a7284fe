package judge

import (
	"fmt"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// owners: whoever writes a trip's journal after another server has a higher
// epoch than anybody before it; so a former owner writes no more.
func owners(x *index) []Violation {
	var out []Violation
	for _, s := range x.final {
		for id, lines := range s.Journals {
			out = append(out, oneOwner(id, lines)...)
		}
	}
	return out
}

func oneOwner(id charging.TripID, lines []history.Wrote) []Violation {
	var highest int64
	var last history.Wrote
	for _, w := range lines {
		if last.Owner != "" && w.Owner != last.Owner && w.Epoch <= highest {
			return []Violation{{Rule: OneOwner, Trip: id, Detail: fmt.Sprintf(
				"%s wrote %q with epoch %d after %s with epoch %d", w.Owner, w.Step, w.Epoch, last.Owner, highest)}}
		}
		highest, last = max(highest, w.Epoch), w
	}
	return nil
}

// TakenOver counts the take-overs of trips in flight, and those trips. One that is
// settled is taken up by whoever is asked to change it, which is not counted.
func TakenOver(final history.Final) (times, trips int) {
	for _, s := range final {
		for _, lines := range s.Journals {
			n := 0
			for _, w := range lines {
				if w.Step == history.TakeOver && !w.State.Settled() {
					n++
				}
			}
			times, trips = times+n, trips+min(n, 1)
		}
	}
	return times, trips
}
