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
	limit := rate.NewLimiter(rate.Limit(d.o.SettleRate), min(d.o.SettleRate, settleBatch))
	box := &outbox{desk: d, due: map[charging.ReservationID]retry{}}
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

func (d *Desk) tidyRound(ctx context.Context) {
	for _, s := range d.order {
		victims, err := d.o.Calendar.Tidy(ctx, s.ID, s.evses, s.Terms.NoShowTimeout, s.meter)
		if err != nil {
			d.trouble(ctx, "tidy "+string(s.ID), err)
			return
		}
		for _, v := range victims {
			d.tidied(ctx, s, v)
		}
		if len(victims) > 0 {
			d.wakeOutbox()
		}
	}
	if d.away.Swap(false) {
		d.o.Log("the store answers again", nil)
	}
}

func (d *Desk) tidied(ctx context.Context, s *site, v charging.Victim) {
	d.adopted(v.ReservationID)
	res, err := d.o.Calendar.Reservation(ctx, v.ReservationID, []charging.LocationID{s.ID})
	if err != nil {
		d.lost(v, "")
		return
	}
	if res.State == charging.Fulfilled {
		d.freeCar(ctx, res.VehicleID, charging.Visit{ReservationID: res.ID})
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
