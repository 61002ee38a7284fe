package chaos

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/link"
)

// ofOneServer are the faults of a company that has several servers: one is out
// of it for longer than its leases last, while the others go on.
var ofOneServer = []fault{
	{"server frozen past its leases", 7, (*nemesis).freezeServer},
	{"server cut off from its store", 6, (*nemesis).cutOffServer},
	{"successor killed as the owner wakes", 5, (*nemesis).killSuccessor},
	{"servers restarted in turn", 2, (*nemesis).roll},
}

// pastLease is how long a server is out of it so that its trips are taken over:
// the default lease of 3 s, the poll of 1 s, and some more.
func (n *nemesis) pastLease() time.Duration {
	return n.between(4500*time.Millisecond, 8*time.Second)
}

// several are the companies with more than one server.
func (n *nemesis) several() []*fleet.Company {
	var all []*fleet.Company
	for _, id := range fleet.Companies {
		if c := n.r.fleet.Company[id]; len(c.Servers) > 1 {
			all = append(all, c)
		}
	}
	return all
}

// two draws two servers of one company.
func (n *nemesis) two() (a, b *fleet.Server) {
	all := n.several()
	c := all[n.rng.IntN(len(all))]
	k := n.rng.Perm(len(c.Servers))
	return c.Servers[k[0]], c.Servers[k[1]]
}

// freezeServer stops one server and wakes it when others have its trips.
func (n *nemesis) freezeServer(ctx context.Context) {
	s, _ := n.two()
	s.Pause()
	n.r.pause(ctx, n.pastLease())
	s.Resume()
}

// cutOffServer breaks one server's line to the store: it goes on, reaches the
// peers and is reached, and loses its leases. What it has sent may arrive late.
func (n *nemesis) cutOffServer(ctx context.Context) {
	s, _ := n.two()
	s.Line.Set(link.Faults{Cut: n.cut()})
	n.r.pause(ctx, n.pastLease())
	s.Line.Set(link.Faults{})
}

// killSuccessor freezes one server and, when another has its trips, kills that
// and wakes the first one, a little earlier or later.
func (n *nemesis) killSuccessor(ctx context.Context) {
	owner, successor := n.two()
	owner.Pause()
	n.r.pause(ctx, n.pastLease())
	if n.rng.IntN(2) == 0 {
		owner.Resume()
		n.r.pause(ctx, n.between(0, 300*time.Millisecond))
		successor.Kill()
	} else {
		successor.Kill()
		n.r.pause(ctx, n.between(0, 2*time.Second))
		owner.Resume()
	}
	n.r.pause(ctx, n.between(0, 6*time.Second))
	n.start(successor)
}

// roll restarts the servers of a company in an orderly way, one after the other.
func (n *nemesis) roll(ctx context.Context) {
	all := n.several()
	for _, s := range all[n.rng.IntN(len(all))].Servers {
		if ctx.Err() == nil {
			s.Stop()
			n.start(s)
		}
	}
}
