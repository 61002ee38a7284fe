package chaos

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/judge"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/link"
)

// Report is what a run tried and found.
type Report struct {
	Seed     uint64
	Duration time.Duration
	Skews    map[charging.CompanyID]time.Duration
	// Ops of clients, Claims and Preemptions seen between companies.
	Ops, Claims, Preemptions int
	// Faults by name, and what the links did to single requests.
	Faults  map[string]int
	Carried Carried
	// TakenOver counts the trips in flight that another server, or the next life of
	// the same, took over, so many TakeOvers in all; Stale the calls between
	// companies that were refused to a former owner.
	TakenOver, TakeOvers int
	Stale                int64
	Plugs                Plugs
	Verdict              judge.Verdict
	// Cheated is what a dishonest company tried; nil without one.
	Cheated *Cheated
	// History is the file of a failing history.
	History string
}

// Carried is what all links together did.
type Carried struct{ Requests, Lost, AnswersLost, Duplicates, Cut, Elsewhere int64 }

func (r *run) carried() Carried {
	var c Carried
	add := func(l *link.Link) {
		c.Requests += l.Carried.Load()
		c.Lost += l.Lost.Load()
		c.AnswersLost += l.AnswersLost.Load()
		c.Duplicates += l.Duplicates.Load()
		c.Cut += l.Cut.Load()
		c.Elsewhere += l.Elsewhere.Load()
	}
	r.fleet.EachLink(func(_, _ charging.CompanyID, l *link.Link) { add(l) })
	for _, id := range fleet.Companies {
		add(r.fleet.Company[id].Front)
	}
	return c
}

// Plugs counts what cars said at plugs.
type Plugs struct {
	// Plugged and Left were answered with a session and with a bill; Kept are
	// unplugs that wait for their plug, Unheard had no answer.
	Plugged, Left, Kept, Unheard int
	// Refused by code.
	Refused map[string]int
}

func plugsOf(ops []history.Op) Plugs {
	p := Plugs{Refused: map[string]int{}}
	for _, o := range ops {
		switch {
		case o.Kind != history.Plug && o.Kind != history.Unplug:
		case !o.Answered:
			p.Unheard++
		case o.Code != "":
			p.Refused[string(o.Code)]++
		case o.Kind == history.Plug:
			p.Plugged++
		case o.Status == history.Kept:
			p.Kept++
		default:
			p.Left++
		}
	}
	return p
}

// String is a part of a line.
func (p Plugs) String() string {
	refused := "none refused"
	if len(p.Refused) > 0 {
		refused = "refused: " + list(p.Refused)
	}
	return fmt.Sprintf("%d plugged in, %d left, %d kept for their plug, %d unheard, %s", p.Plugged, p.Left, p.Kept, p.Unheard, refused)
}

// Settled is how many trips came to an end.
func (r Report) Settled() int {
	n := 0
	for s, k := range r.Verdict.Trips {
		if s.Settled() {
			n += k
		}
	}
	return n
}

// Last is the last line of a run: what was tried and found.
func (r Report) Last() string {
	v := r.Verdict
	return fmt.Sprintf("chaos: seed %d: %d trips settled in %s (%d confirmed, %d completed, %d aborted, %d canceled), %d operations; "+
		"cars: %v; %d sessions, %d billed; %s; "+
		"%d trips taken over %d×, %d calls of former owners refused; "+
		"requests: %d carried, %d lost, %d answers lost, %d executed twice, %d cut, %d given to another server; %d calendars with %d operations checked, %d claims, %d preempted; %s%d violations",
		r.Seed, r.Settled(), r.Duration, v.Trips[trip.Confirmed], v.Trips[trip.Completed], v.Trips[trip.Aborted], v.Trips[trip.Canceled], r.Ops,
		r.Plugs, v.Sessions, v.Bills, list(r.Faults), r.TakenOver, r.TakeOvers, r.Stale, r.Carried.Requests, r.Carried.Lost, r.Carried.AnswersLost, r.Carried.Duplicates, r.Carried.Cut, r.Carried.Elsewhere,
		v.Calendars, v.CalendarOps, r.Claims, r.Preemptions, r.Cheated.say(v.LostToTruth), len(v.Violations))
}

// tally lists the faults so far.
func (r *run) tally() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return list(r.counts)
}

func list(counts map[string]int) string {
	var all []string
	for name, n := range counts {
		all = append(all, fmt.Sprintf("%s %d×", name, n))
	}
	slices.Sort(all)
	if len(all) == 0 {
		return "no faults"
	}
	return strings.Join(all, ", ")
}
