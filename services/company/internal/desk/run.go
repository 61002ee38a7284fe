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
	limit := rate.NewLimiter(rate.Limit(d.o.SettleRate), 1)
	box := &outbox{desk: d, due: map[charging.ReservationID]retry{}}
	wg.Go(func() { every(ctx, d.o.TidyEvery, nil, d.tidyRound) })
	wg.Go(func() { every(ctx, d.o.SettleEvery, nil, func(ctx context.Context) { d.settleRound(ctx, limit) }) })
	wg.Go(func() { every(ctx, d.o.OutboxEvery, d.outboxDue, box.round) })
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
		victims, err := d.o.Calendar.Tidy(ctx, s.ID, s.evses, s.Terms.NoShowTimeout)
		if err != nil {
			d.trouble(ctx, "tidy "+string(s.ID), err)
			continue
		}
		for _, v := range victims {
			d.adopted(v.ReservationID)
			if res, err := d.o.Calendar.Reservation(ctx, v.ReservationID, []charging.LocationID{s.ID}); err == nil {
				d.o.OnChange(res)
			} else {
				d.lost(v, "")
			}
		}
		if len(victims) > 0 {
			d.wakeOutbox()
		}
	}
}

// trouble logs an error that is not just the end of the server.
func (d *Desk) trouble(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		d.o.Log(what, err)
	}
}
