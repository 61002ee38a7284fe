package desk

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// outboxBatch is how many notices of one location are looked at a round.
const outboxBatch = 200

// notices tells originators what has become of their stops: that one was preempted, a
// few times; all else, until it is acknowledged.
type notices struct {
	*ground
	preempted chan charging.OutboundNotice
	// due wakes the delivery of the outbox before its next round.
	due chan struct{}
}

func newNotices(g *ground) *notices {
	return &notices{ground: g, preempted: make(chan charging.OutboundNotice, g.o.NoticeQueue), due: make(chan struct{}, 1)}
}

// tell hands a preemption notice to the couriers; it never blocks. A notice
// that finds no room is dropped: the originator learns at its next call.
func (n *notices) tell(v charging.OutboundNotice) {
	select {
	case n.preempted <- v:
	default:
		n.o.Log("too many preemption notices are waiting; dropped the one to "+string(v.Origin)+" about trip "+string(v.TripID), nil)
	}
}

// courier delivers preemption notices until ctx ends.
func (n *notices) courier(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case v := <-n.preempted:
			n.deliverPreempted(ctx, v)
		}
	}
}

func (n *notices) deliverPreempted(ctx context.Context, v charging.OutboundNotice) {
	var err error
	for try := range noticeTries {
		if try > 0 && !pause(ctx, 100*time.Millisecond<<try) {
			return
		}
		if err = n.send(ctx, v, charging.Originator.Preempted); err == nil || !unreachable(err) {
			break
		}
	}
	if err != nil {
		n.trouble(ctx, "tell "+string(v.Origin)+" that trip "+string(v.TripID)+" was preempted", err)
	}
}

func (n *notices) send(ctx context.Context, v charging.OutboundNotice, deliver func(charging.Originator, context.Context, charging.Notice) error) error {
	originator, err := n.o.Originators.Originator(v.Origin)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, n.o.NoticeTimeout)
	defer cancel()
	return deliver(originator, ctx, v.Notice)
}

// unreachable reports whether trying again may help.
func unreachable(err error) bool {
	switch charging.CodeOf(err) {
	case "", charging.CodePeerUnavailable, charging.CodeStoreUnavailable, charging.CodeRateLimited:
		return true
	}
	return false
}

// parcel is a notice of the outbox and where it lies.
type parcel struct {
	loc charging.LocationID
	charging.OutboundNotice
}

// outbox delivers the notices that an originator must acknowledge. Each notice has
// a back-off of its own.
type outbox struct {
	*notices
	mu    sync.Mutex
	tried map[charging.ReservationID]retry
}

type retry struct {
	loc   charging.LocationID
	tries int
	at    time.Time
}

// round tries every notice that is due, each originator on its own, at the
// locations that have some.
func (b *outbox) round(ctx context.Context) {
	homes := b.agendas.posting.take(b.o.Now(), b.o.Clock())
	found := map[charging.ReservationID]bool{}
	byOrigin := map[charging.CompanyID][]parcel{}
	full := map[charging.LocationID]bool{} // of those that were looked at: whether there is more
	for i, home := range homes {
		limit := outboxBatch + b.waiting()
		list, err := b.o.Calendar.Outbox(ctx, home, limit)
		if err != nil {
			b.trouble(ctx, "read the outbox of "+string(home), err)
			again(&b.agendas.posting, homes[i:], b.o.Now())
			break
		}
		full[home] = len(list) == limit
		for _, v := range list {
			found[v.ReservationID] = true
			if b.ready(v.ReservationID) {
				byOrigin[v.Origin] = append(byOrigin[v.Origin], parcel{home, v})
			}
		}
	}
	b.forget(found, full)
	var wg sync.WaitGroup
	for _, parcels := range byOrigin {
		wg.Go(func() { b.deliver(ctx, parcels) })
	}
	wg.Wait()
	b.nextRound(full)
}

// nextRound puts the locations on the agenda whose notices have to be tried
// again, or of which there are more than were looked at.
func (b *outbox) nextRound(looked map[charging.LocationID]bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for home, more := range looked {
		if more {
			b.agendas.posting.at(home, b.o.Now())
		}
	}
	for _, r := range b.tried {
		if _, ok := looked[r.loc]; ok {
			b.agendas.posting.at(r.loc, r.at)
		}
	}
}

// deliver sends one originator its notices, until it proves unreachable.
func (b *outbox) deliver(ctx context.Context, parcels []parcel) {
	away := false
	for _, p := range parcels {
		if away {
			b.later(p)
			continue
		}
		err := b.send(ctx, p.OutboundNotice, charging.Originator.Changed)
		// An originator that does not know the trip has nothing to change.
		if err == nil || charging.CodeOf(err) == charging.CodeUnknownTrip {
			if err := b.o.Calendar.Told(ctx, p.loc, p.OutboundNotice); err != nil {
				b.later(p)
				b.trouble(ctx, "note that "+string(p.Origin)+" has heard of reservation "+string(p.ReservationID), err)
			}
			continue
		}
		away = unreachable(err)
		b.later(p)
		b.trouble(ctx, "tell "+string(p.Origin)+" that reservation "+string(p.ReservationID)+" is "+string(p.State)+"; trying again", err)
	}
}

func (b *outbox) ready(id charging.ReservationID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.o.Now().Before(b.tried[id].at)
}

// later puts a notice off: 1 s doubling to 1 min, up to half of it jitter.
func (b *outbox) later(p parcel) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.tried[p.ReservationID]
	wait := min(time.Second<<min(r.tries, 6), time.Minute)
	b.tried[p.ReservationID] = retry{p.loc, r.tries + 1, b.o.Now().Add(wait - rand.N(wait/2))}
}

// forget drops what has left the outboxes of some locations.
func (b *outbox) forget(except map[charging.ReservationID]bool, at map[charging.LocationID]bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, r := range b.tried {
		if _, ok := at[r.loc]; ok && !except[id] {
			delete(b.tried, id)
		}
	}
}

func (b *outbox) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.tried)
}

func (n *notices) wakeOutbox() {
	select {
	case n.due <- struct{}{}:
	default:
	}
}

// pause waits, and reports false when ctx ended first.
func pause(ctx context.Context, wait time.Duration) bool {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
