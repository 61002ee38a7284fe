package store

import (
	"context"
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// entriesAtOnce is how many entries one script shows: it keeps others waiting for
// about a millisecond.
const entriesAtOnce = 256

// Entries reads what stands in an EVSE's calendar in [w.Start, w.End), or to its end
// for a zero End, in one script: holds in force and what is booked. With stayed, also a
// car that is at the plug beyond its window. next is where the rest begins; zero where
// that was all. STORE_UNAVAILABLE.
func (c Calendar) Entries(ctx context.Context, loc charging.LocationID, evse charging.EVSEID, w charging.Window, stayed bool) (a charging.Agenda, next time.Time, err error) {
	a = charging.Agenda{EVSEID: evse, Location: loc}
	keys := []string{c.keys.cal(loc, evse), c.keys.oos(loc), c.keys.lock(loc, evse, ""), c.keys.rsv(loc, "")}
	to := ""
	if !w.End.IsZero() {
		to = seconds(w.End)
	}
	got, err := c.run(ctx, "calendar", entriesScript, keys, string(evse), seconds(w.Start), to, strconv.Itoa(entriesAtOnce), c.civil(), flag(stayed))
	if err != nil {
		return a, next, err
	}
	if a.OutOfService = got.str(0); got.num(1) > 0 {
		a.OutSince = time.UnixMilli(got.num(1)).UTC()
	}
	if got.str(2) != "" {
		next = fromSeconds(got.num(2))
	}
	for i := 3; i < len(got); i++ {
		one := got.list(i)
		a.Entries = append(a.Entries, reservation(charging.ReservationID(one.str(0)), one))
	}
	return a, next, nil
}
