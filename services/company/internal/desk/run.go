package desk

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// couriers is how many preemption notices travel at once.
const couriers = 8

// Run delivers notices, settles trips and tidies calendars until ctx ends. What
// it does late is never needed for a grant to be correct.
func (d *Desk) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for range couriers {
		wg.Go(func() { d.courier(ctx) })
	}
	wg.Go(func() { d.questions(ctx) })
	limit := rate.NewLimiter(rate.Limit(d.o.SettleRate), min(d.o.SettleRate, settleBatch))
	box := &outbox{desk: d, due: map[charging.ReservationID]retry{}}
	wg.Go(func() { d.patrol(ctx) })
	wg.Go(func() { every(ctx, d.o.TidyEvery, nil, d.tidyRound) })
	wg.Go(func() { every(ctx, d.o.SettleEvery, nil, func(ctx context.Context) { d.settleRound(ctx, limit) }) })
	wg.Go(func() { every(ctx, d.o.OutboxEvery, d.outboxDue, box.round) })
	if d.o.Memory != nil {
		wg.Go(func() { every(ctx, d.o.MemoryEvery, nil, d.memoryRound) })
	}
	wg.Wait()
}

// every runs a round after each pause, or when woken.
func every(ctx context.Context, wait time.Duration, wake <-chan struct{}, round func(context.Context)) {
	t := time.NewTicker(wait)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-wake:
		}
		round(ctx)
	}
}

// tidyRound tidies the locations whose time has come, and finds out when it
// comes again.
func (d *Desk) tidyRound(ctx context.Context) {
	homes := d.agendas.tidying.take(d.o.Now(), d.o.Clock())
	for i, home := range homes {
		if err := d.tidy(ctx, home); err != nil {
			d.trouble(ctx, "tidy "+string(home), err)
			again(&d.agendas.tidying, homes[i:], d.o.Now())
			return
		}
	}
	if len(homes) > 0 && !d.look(ctx, homes) {
		again(&d.agendas.tidying, homes, d.o.Now())
	}
}

// again puts locations back on an agenda.
func again(a *agenda, homes []charging.LocationID, at time.Time) {
	for _, home := range homes {
		a.at(home, at)
	}
}

func (d *Desk) tidy(ctx context.Context, home charging.LocationID) error {
	told := false
	for _, s := range d.offered.Load().at[home] {
		victims, err := d.o.Calendar.Tidy(ctx, home, s.evses, s.Terms.NoShowTimeout, s.meter)
		for _, v := range victims {
			d.tidied(ctx, s, v)
		}
		told = told || len(victims) > 0
		if err != nil {
			return err
		}
	}
	if told {
		d.agendas.posting.at(home, d.o.Now())
		d.wakeOutbox()
	}
	return nil
}

func (d *Desk) tidied(ctx context.Context, s *site, v charging.Victim) {
	d.adopted(v.ReservationID)
	res, err := d.o.Calendar.Reservation(ctx, v.ReservationID, []charging.LocationID{s.ID})
	if err != nil {
		d.lost(v, "")
		return
	}
	if v.Reason == charging.ReasonOpenPlug {
		d.open(ctx, s, res)
		return
	}
	if res.State == charging.Fulfilled {
		d.freeCar(ctx, res.VehicleID, charging.Visit{ReservationID: res.ID})
		d.left(ctx, res.EVSEID, res.ID)
	}
	d.o.OnChange(res)
}

// trouble logs an error that is not just the end of the server. A store that is
// away is news once.
func (d *Desk) trouble(ctx context.Context, what string, err error) {
	if ctx.Err() != nil || charging.CodeOf(err) == charging.CodeStoreUnavailable && d.away.Swap(true) {
		return
	}
	d.o.Log(what, err)
}
