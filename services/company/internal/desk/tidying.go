package desk

import (
	"context"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// tidying ends what time has ended: holds that have lapsed, bookings to which nobody
// came, sessions that nobody has ended, plugs that nobody has answered.
type tidying struct {
	*ground
	patrol   *patrol
	outcomes *outcomes
	notices  *notices
	plugs    *plugs
	display  *display
}

// round tidies the locations whose time has come, and finds out when it
// comes again.
func (t *tidying) round(ctx context.Context) {
	homes := t.agendas.tidying.take(t.o.Now(), t.o.Clock())
	for i, home := range homes {
		if err := t.tidy(ctx, home); err != nil {
			t.trouble(ctx, "tidy "+string(home), err)
			again(&t.agendas.tidying, homes[i:], t.o.Now())
			return
		}
	}
	if len(homes) > 0 && !t.patrol.look(ctx, homes) {
		again(&t.agendas.tidying, homes, t.o.Now())
	}
}

// again puts locations back on an agenda.
func again(a *agenda, homes []charging.LocationID, at time.Time) {
	for _, home := range homes {
		a.at(home, at)
	}
}

func (t *tidying) tidy(ctx context.Context, home charging.LocationID) error {
	told := false
	for _, s := range t.offered.Load().at[home] {
		victims, err := t.o.Calendar.Tidy(ctx, home, s.evses, s.Terms.NoShowTimeout, s.meter)
		for _, v := range victims {
			t.tidied(ctx, s, v)
		}
		told = told || len(victims) > 0
		if err != nil {
			return err
		}
	}
	if told {
		t.agendas.posting.at(home, t.o.Now())
		t.notices.wakeOutbox()
	}
	return nil
}

func (t *tidying) tidied(ctx context.Context, s *site, v charging.OutboundNotice) {
	t.outcomes.adopted(v.ReservationID)
	res, err := t.o.Calendar.Reservation(ctx, v.ReservationID, []charging.LocationID{s.ID})
	if err != nil {
		t.lost(v, "")
		return
	}
	if v.Reason == charging.ReasonOpenPlug {
		t.plugs.open(ctx, s, res)
		return
	}
	if res.State == charging.Fulfilled {
		t.plugs.freeCar(ctx, res.VehicleID, charging.Visit{ReservationID: res.ID})
		t.display.left(ctx, res.EVSEID, res.ID)
	}
	t.o.OnChange(res)
}
