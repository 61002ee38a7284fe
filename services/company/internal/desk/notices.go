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

// tell hands a preemption notice to the couriers; it never blocks. A notice
// that finds no room is dropped: the originator learns at its next call.
func (d *Desk) tell(v charging.Victim) {
	select {
	case d.preempted <- v:
	default:
		d.o.Log("too many preemption notices are waiting; dropped the one to "+string(v.Origin)+" about trip "+string(v.TripID), nil)
	}
}

// courier delivers preemption notices until ctx ends.
func (d *Desk) courier(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case v := <-d.preempted:
			d.deliverPreempted(ctx, v)
		}
	}
}

func (d *Desk) deliverPreempted(ctx context.Context, v charging.Victim) {
	var err error
	for try := range noticeTries {
		if try > 0 && !pause(ctx, 100*time.Millisecond<<try) {
			return
		}
		if err = d.send(ctx, v, charging.Originator.Preempted); err == nil || !unreachable(err) {
			break
		}
	}
	if err != nil {
		d.trouble(ctx, "tell "+string(v.Origin)+" that trip "+string(v.TripID)+" was preempted", err)
	}
}

func (d *Desk) send(ctx context.Context, v charging.Victim, deliver func(charging.Originator, context.Context, charging.Notice) error) error {
	originator, err := d.o.Originators.Originator(v.Origin)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, d.o.NoticeTimeout)
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
	charging.Victim
}

// outbox delivers the notices that an originator must acknowledge. Each notice has
// a back-off of its own.
type outbox struct {
	desk *Desk
	mu   sync.Mutex
	due  map[charging.ReservationID]retry
}

type retry struct {
	loc   charging.LocationID
	tries int
	at    time.Time
}

// round tries every notice that is due, each originator on its own, at the
// locations that have some.
func (b *outbox) round(ctx context.Context) {
	d := b.desk
	homes := d.agendas.posting.take(d.o.Now(), d.o.Clock())
	found := map[charging.ReservationID]bool{}
	byOrigin := map[charging.CompanyID][]parcel{}
	full := map[charging.LocationID]bool{} // of those that were looked at: whether there is more
	for i, home := range homes {
		limit := outboxBatch + b.waiting()
		list, err := d.o.Calendar.Outbox(ctx, home, limit)
		if err != nil {
			d.trouble(ctx, "read the outbox of "+string(home), err)
			again(&d.agendas.posting, homes[i:], d.o.Now())
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
			b.desk.agendas.posting.at(home, b.desk.o.Now())
		}
	}
	for _, r := range b.due {
		if _, ok := looked[r.loc]; ok {
			b.desk.agendas.posting.at(r.loc, r.at)
		}
	}
}

// deliver sends one originator its notices, until it proves unreachable.
func (b *outbox) deliver(ctx context.Context, parcels []parcel) {
	d := b.desk
	away := false
	for _, p := range parcels {
		if away {
			b.later(p)
			continue
		}
		err := d.send(ctx, p.Victim, charging.Originator.Changed)
		// An originator that does not know the trip has nothing to change.
		if err == nil || charging.CodeOf(err) == charging.CodeUnknownTrip {
			if err := d.o.Calendar.Told(ctx, p.loc, p.Victim); err != nil {
				b.later(p)
				d.trouble(ctx, "note that "+string(p.Origin)+" has heard of reservation "+string(p.ReservationID), err)
			}
			continue
		}
		away = unreachable(err)
		b.later(p)
		d.trouble(ctx, "tell "+string(p.Origin)+" that reservation "+string(p.ReservationID)+" is "+string(p.State)+"; trying again", err)
	}
}

func (b *outbox) ready(id charging.ReservationID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.desk.o.Now().Before(b.due[id].at)
}

// later puts a notice off: 1 s doubling to 1 min, up to half of it jitter.
func (b *outbox) later(p parcel) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.due[p.ReservationID]
	wait := min(time.Second<<min(r.tries, 6), time.Minute)
	b.due[p.ReservationID] = retry{p.loc, r.tries + 1, b.desk.o.Now().Add(wait - rand.N(wait/2))}
}

// forget drops what has left the outboxes of some locations.
func (b *outbox) forget(except map[charging.ReservationID]bool, at map[charging.LocationID]bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, r := range b.due {
		if _, ok := at[r.loc]; ok && !except[id] {
			delete(b.due, id)
		}
	}
}

func (b *outbox) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.due)
}

func (d *Desk) wakeOutbox() {
	select {
	case d.outboxDue <- struct{}{}:
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
