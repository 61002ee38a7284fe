package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/cheat"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// dishonest is what the cheat is called.
const dishonest charging.CompanyID = "LUD"

// readEvery is how often the stores are looked at for what the cheat has.
const readEvery = 2 * time.Second

// Cheated is what a dishonest company tried, and got.
type Cheated struct {
	cheat.Tally
	// FalseStamps that it has signed; Shares are the most that it had of each company's
	// EVSE-hours; Through counts the honest trips that were at its EVSEs, Meddled its
	// calls about what is another's.
	FalseStamps int
	Shares      map[charging.CompanyID]float64
	Through     int
	Meddled     int
}

// say is a part of the last line, empty without a cheat.
func (c *Cheated) say(lostToTruth int) string {
	if c == nil {
		return ""
	}
	shares := ""
	for _, id := range fleet.Companies {
		shares += fmt.Sprintf(", %.1f%% of %s", 100*c.Shares[id], id)
	}
	return fmt.Sprintf("cheat: %d false stamps, %d claims by them believed, %d holds and claims lost to stamps that may be true; %d claims granted, %d confirmed, share at most%s; "+
		"%d calls about what is another's; tried: %s; answers: %s; refused: %v; %d honest trips through it; ",
		c.FalseStamps, c.Believed, lostToTruth, c.Granted, c.Confirmed, shares[1:], c.Meddled, list(c.Tried), list(c.Answered), c.Refused, c.Through)
}

func (r *run) cheats() int {
	if r.cheat == nil {
		return 0
	}
	return 1
}

// admitCheat starts the dishonest company, and gives it as a peer of all.
func (r *run) admitCheat() (strangers map[charging.CompanyID]string, err error) {
	if !r.o.Cheat {
		return nil, nil
	}
	if r.cheat, err = cheat.New(cheat.Options{Self: dishonest, Seed: r.o.Seed}); err != nil {
		return nil, err
	}
	return map[charging.CompanyID]string{dishonest: r.cheat.URL()}, nil
}

func (r *run) endCheat() {
	if r.cheat != nil {
		r.cheat.Close()
	}
}

// letCheat lets the cheat loose until the context ends, and watches what it has.
func (r *run) letCheat(ctx context.Context, wg *sync.WaitGroup) {
	if r.cheat == nil {
		return
	}
	t := cheat.Targets{URLs: map[charging.CompanyID]string{}, EVSEs: map[charging.CompanyID][]charging.EVSEID{}, Ahead: bookable, Aim: r.aim}
	for _, id := range fleet.Companies {
		t.URLs[id], t.EVSEs[id] = r.fleet.Company[id].Front.URL(), r.course.evses[id]
	}
	r.course.cheat = dishonest
	wg.Go(func() { r.cheat.Cheat(ctx, t) })
	wg.Go(func() {
		for ; ctx.Err() == nil; r.pause(ctx, readEvery) {
			r.watchCheat(ctx)
		}
	})
}

// bookable is how far ahead all companies that come with the program can be booked.
const bookable = 30 * 24 * time.Hour

// aim draws a window that drivers want now, here or at a kerb.
func (r *run) aim(rng *rand.Rand) history.Slot {
	p := r.course.here()
	windows := windowsAPlace
	if rng.IntN(4) == 0 {
		p, windows = r.course.kerb(time.Now()), 2
	}
	return history.Slot{EVSE: p.evse(rng), Window: p.window(rng.IntN(windows))}
}

// watchCheat reads what the cheat has of each company, and lets it overhear what others
// have. A store that cannot be read now is read later.
func (r *run) watchCheat(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, readEvery)
	defer cancel()
	final, err := r.fleet.Read(ctx)
	if err != nil {
		return
	}
	var others []history.Reservation
	for id, s := range final {
		all := time.Duration(len(r.course.evses[id])) * bookable
		r.cheat.Read(history.Reading{At: r.rec.Now(), Company: id, Taken: s.TakenBy(dishonest), All: all})
		for _, o := range s.Reservations {
			if o.Origin != dishonest && !o.State.Final() {
				others = append(others, o)
			}
		}
	}
	r.cheat.Overhear(others)
}

// read takes the stores as they are, without what the cheat still holds there.
func (r *run) read(ctx context.Context) (history.Final, error) {
	final, err := r.fleet.Read(ctx)
	if err != nil || r.cheat == nil {
		return final, err
	}
	for id, s := range final {
		final[id] = s.Without(dishonest)
	}
	return final, nil
}

// cheated gives the judge what the cheat did, and the report, too.
func (r *run) cheated(rep *Report) *history.Cheat {
	if r.cheat == nil {
		return nil
	}
	did, tally := r.cheat.Did()
	rep.Cheated = &Cheated{Tally: tally, Shares: map[charging.CompanyID]float64{}, Through: len(did.Through), Meddled: len(did.Meddled)}
	for _, s := range did.Stamps {
		if s.Lie != "" {
			rep.Cheated.FalseStamps++
		}
	}
	for _, x := range did.Readings {
		rep.Cheated.Shares[x.Company] = max(rep.Cheated.Shares[x.Company], x.Share())
	}
	return &did
}
