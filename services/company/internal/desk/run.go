package desk

import (
	"context"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// couriers is how many preemption notices travel at once.
const couriers = 8

// Run delivers notices, settles trips and tidies calendars until ctx ends. What
// it does late is never needed for a grant to be correct.
func (d *Desk) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for range couriers {
		wg.Go(func() { d.notices.courier(ctx) })
	}
	wg.Go(func() { d.tickets.questions(ctx) })
	wg.Go(func() { d.patrol.run(ctx) })
	o, box := d.ground.o, &outbox{notices: d.notices, tried: map[charging.ReservationID]retry{}}
	wg.Go(func() { every(ctx, o.TidyEvery, nil, d.tidying.round) })
	wg.Go(func() { every(ctx, o.SettleEvery, nil, d.settler.round) })
	wg.Go(func() { every(ctx, o.OutboxEvery, d.notices.due, box.round) })
	if o.LossDetector != nil {
		wg.Go(func() { every(ctx, o.LossCheckEvery, nil, d.recovery.round) })
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
