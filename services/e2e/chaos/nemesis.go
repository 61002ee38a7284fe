package chaos

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/link"
)

// background are the faults that are always there by default: some requests are lost,
// some answers, and some requests are executed again later.
var background = link.Faults{Delay: 4 * time.Millisecond, Loss: 0.01, LostAnswer: 0.02, Duplicate: 0.03, Later: 5 * time.Second}

// nemesis breaks things, one after the other, and mends them.
type nemesis struct {
	r   *run
	rng *rand.Rand
}

// fault is one thing that can go wrong, for a while.
type fault struct {
	name   string
	weight int
	do     func(n *nemesis, ctx context.Context)
}

var faults = []fault{
	{"server killed", 6, (*nemesis).killServer},
	{"server paused", 4, (*nemesis).pauseServer},
	{"server restarted", 2, (*nemesis).restartServer},
	{"store killed", 4, (*nemesis).killStore},
	{"store paused", 2, (*nemesis).pauseStore},
	{"company killed", 2, (*nemesis).killCompany},
	{"all killed", 1, (*nemesis).killAll},
	{"link cut one way", 6, (*nemesis).cutLink},
	{"companies parted", 4, (*nemesis).part},
	{"company isolated", 4, (*nemesis).isolate},
	{"link slow", 4, (*nemesis).slow},
	{"link dripping", 2, (*nemesis).dripping},
	{"link lossy", 3, (*nemesis).lossy},
	{"answers lost", 3, (*nemesis).answersLost},
	{"requests duplicated", 3, (*nemesis).duplicated},
	{"store's line broken", 4, (*nemesis).storeLine},
	{"drivers' line broken", 2, (*nemesis).front},
}

// rage breaks things until the context ends; what it broke last is mended.
func (n *nemesis) rage(ctx context.Context) {
	all, total := faults, 0
	if len(n.several()) > 0 {
		all = append(slices.Clone(faults), ofOneServer...)
	}
	for _, f := range all {
		total += f.weight
	}
	for ctx.Err() == nil {
		k := n.rng.IntN(total)
		for _, f := range all {
			if k -= f.weight; k < 0 {
				n.r.count(f.name)
				f.do(n, ctx)
				break
			}
		}
		n.r.pause(ctx, n.between(100*time.Millisecond, 800*time.Millisecond))
	}
}

func (n *nemesis) between(a, b time.Duration) time.Duration {
	return a + time.Duration(n.rng.Int64N(int64(b-a)))
}

func (n *nemesis) company() *fleet.Company {
	return n.r.fleet.Company[fleet.Companies[n.rng.IntN(len(fleet.Companies))]]
}

func (n *nemesis) server() *fleet.Server {
	c := n.company()
	return c.Servers[n.rng.IntN(len(c.Servers))]
}

// start brings a server back, however long its store is away.
func (n *nemesis) start(s *fleet.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.Start(ctx); err != nil {
		n.r.trouble(err)
	}
}

func (n *nemesis) startStore(c *fleet.Company) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := c.Store.Start(ctx); err != nil {
		n.r.trouble(err)
	}
}

func (n *nemesis) killServer(ctx context.Context) {
	s := n.server()
	s.Kill()
	n.r.pause(ctx, n.between(0, 2*time.Second))
	n.start(s)
}

func (n *nemesis) pauseServer(ctx context.Context) {
	s := n.server()
	s.Pause()
	n.r.pause(ctx, n.between(500*time.Millisecond, 6*time.Second))
	s.Resume()
}

func (n *nemesis) restartServer(ctx context.Context) {
	s := n.server()
	s.Stop()
	n.r.pause(ctx, n.between(0, time.Second))
	n.start(s)
}

func (n *nemesis) killStore(ctx context.Context) {
	c := n.company()
	c.Store.Kill()
	n.r.pause(ctx, n.between(0, 2*time.Second))
	n.startStore(c)
}

func (n *nemesis) pauseStore(ctx context.Context) {
	c := n.company()
	c.Store.Pause()
	n.r.pause(ctx, n.between(300*time.Millisecond, 4*time.Second))
	c.Store.Resume()
}

func (n *nemesis) killCompany(ctx context.Context) { n.killThese(ctx, n.company()) }

func (n *nemesis) killAll(ctx context.Context) {
	var all []*fleet.Company
	for _, id := range fleet.Companies {
		all = append(all, n.r.fleet.Company[id])
	}
	n.killThese(ctx, all...)
}

// killThese kills every process of some companies at once.
func (n *nemesis) killThese(ctx context.Context, all ...*fleet.Company) {
	var wg sync.WaitGroup
	for _, c := range all {
		wg.Go(c.Store.Kill)
		for _, s := range c.Servers {
			wg.Go(s.Kill)
		}
	}
	wg.Wait()
	n.r.pause(ctx, n.between(0, time.Second))
	for _, c := range all {
		wg.Go(func() {
			n.startStore(c)
			for _, s := range c.Servers {
				n.start(s)
			}
		})
	}
	wg.Wait()
}

func (n *nemesis) cut() link.Cut {
	return []link.Cut{link.Refused, link.Silent, link.Half}[n.rng.IntN(3)]
}

// disturb gives some links faults for a while.
func (n *nemesis) disturb(ctx context.Context, f link.Faults, links ...*link.Link) {
	for _, l := range links {
		l.Set(f)
	}
	n.r.pause(ctx, n.between(500*time.Millisecond, 7*time.Second))
	for _, l := range links {
		l.Set(n.r.o.Links)
	}
}

// pair draws two companies.
func (n *nemesis) pair() (a, b charging.CompanyID) {
	k := n.rng.Perm(len(fleet.Companies))
	return fleet.Companies[k[0]], fleet.Companies[k[1]]
}

func (n *nemesis) oneLink() *link.Link {
	a, b := n.pair()
	return n.r.fleet.Company[a].To[b]
}

func (n *nemesis) with(change func(*link.Faults)) link.Faults {
	f := n.r.o.Links
	change(&f)
	return f
}

func (n *nemesis) cutLink(ctx context.Context) {
	n.disturb(ctx, n.with(func(f *link.Faults) { f.Cut = n.cut() }), n.oneLink())
}

func (n *nemesis) part(ctx context.Context) {
	a, b := n.pair()
	n.disturb(ctx, n.with(func(f *link.Faults) { f.Cut = n.cut() }), n.r.fleet.Company[a].To[b], n.r.fleet.Company[b].To[a])
}

func (n *nemesis) isolate(ctx context.Context) {
	id := n.company().ID
	n.disturb(ctx, n.with(func(f *link.Faults) { f.Cut = n.cut() }), linksOf(n.r.fleet, id)...)
}

// linksOf are those that lead to a company and from it to the others.
func linksOf(f *fleet.Fleet, id charging.CompanyID) []*link.Link {
	var all []*link.Link
	f.EachLink(func(from, to charging.CompanyID, l *link.Link) {
		if from == id || to == id {
			all = append(all, l)
		}
	})
	return all
}

func (n *nemesis) slow(ctx context.Context) {
	n.disturb(ctx, n.with(func(f *link.Faults) { f.Delay = n.between(100*time.Millisecond, 2500*time.Millisecond) }), n.oneLink())
}

func (n *nemesis) dripping(ctx context.Context) {
	n.disturb(ctx, n.with(func(f *link.Faults) { f.Drip = n.between(5*time.Millisecond, 60*time.Millisecond) }), n.oneLink())
}

func (n *nemesis) lossy(ctx context.Context) {
	n.disturb(ctx, n.with(func(f *link.Faults) { f.Loss = 0.3 }), n.oneLink(), n.oneLink())
}

func (n *nemesis) answersLost(ctx context.Context) {
	n.disturb(ctx, n.with(func(f *link.Faults) { f.LostAnswer = 0.3 }), n.oneLink(), n.oneLink())
}

func (n *nemesis) duplicated(ctx context.Context) {
	n.disturb(ctx, n.with(func(f *link.Faults) { f.Duplicate = 0.6 }), n.oneLink(), n.oneLink())
}

func (n *nemesis) storeLine(ctx context.Context) {
	f := link.Faults{Cut: n.cut()}
	switch n.rng.IntN(5) {
	case 0:
		f = link.Faults{Delay: n.between(5*time.Millisecond, 200*time.Millisecond)}
	case 1:
		f = link.Faults{Drip: n.between(time.Millisecond, 10*time.Millisecond)}
	}
	c := n.company()
	c.SetLines(f)
	n.r.pause(ctx, n.between(300*time.Millisecond, 4*time.Second))
	c.SetLines(link.Faults{})
}

func (n *nemesis) front(ctx context.Context) {
	n.disturb(ctx, n.with(func(f *link.Faults) {
		f.LostAnswer, f.Loss, f.Duplicate = 0.2, 0.1, 0.2
	}), n.company().Front)
}

// calm mends everything: all links whole, all processes running.
func (n *nemesis) calm(ctx context.Context) error {
	quiet := link.Faults{}
	n.r.fleet.EachLink(func(_, _ charging.CompanyID, l *link.Link) { l.Set(quiet) })
	for _, id := range fleet.Companies {
		c := n.r.fleet.Company[id]
		c.Front.Set(quiet)
		c.SetLines(quiet)
		c.Store.Resume()
		if err := c.Store.Start(ctx); err != nil {
			return err
		}
		for _, s := range c.Servers {
			s.Resume()
			if err := s.Start(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}
