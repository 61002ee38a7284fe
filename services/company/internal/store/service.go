package store

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// sessionOver is how long after its window's end a session counts as over
// although the car never said that it left.
const sessionOver = time.Hour

// Withdraw takes an EVSE out of service for a reason: what it holds or has
// promised from now on becomes CANCELED, is returned, and stays in the outbox
// until Told. An empty reason puts it back.
func (c Calendar) Withdraw(ctx context.Context, loc charging.LocationID, evse charging.EVSEID, reason string) ([]charging.Victim, error) {
	got, err := c.promise(ctx, "withdraw", withdrawScript, c.six(loc, evse), string(evse), reason, c.civil())
	if err == nil {
		_ = c.ShowOut(ctx, evse, reason) // what is shown is compared with what is, in time
	}
	return victims(got), err
}

// ShowOut notes in the company's list of all EVSEs out of service that one is,
// for a reason, or with an empty one that it is not. Nothing but what is shown
// depends on it.
func (c Calendar) ShowOut(ctx context.Context, evse charging.EVSEID, reason string) error {
	if reason == "" {
		return failed(ctx, "show in service", c.rdb.HDel(ctx, c.keys.out(), string(evse)).Err())
	}
	return failed(ctx, "show out of service", c.rdb.HSet(ctx, c.keys.out(), string(evse), reason).Err())
}

// Out lists the EVSEs that are shown as out of service, and why, in one reading.
func (c Calendar) Out(ctx context.Context) (map[charging.EVSEID]string, error) {
	return c.reasons(ctx, c.keys.out())
}

// Tidy removes what has lapsed, marks NO_SHOW, and FULFILLED the sessions whose
// car never said that it left, an hour after their end. Both are returned and
// put in the outbox. Nothing depends on it: of a calendar with hundreds of
// coming entries it looks at some, others the next time.
func (c Calendar) Tidy(ctx context.Context, loc charging.LocationID, evses []charging.EVSEID, noShow time.Duration) ([]charging.Victim, error) {
	var all []charging.Victim
	for _, e := range evses {
		got, err := c.run(ctx, "tidy", tidyScript, c.six(loc, e), c.civil(), ms(noShow), ms(sessionOver), rand.IntN(1<<30))
		if err != nil {
			return all, err
		}
		all = append(all, victims(got)...)
	}
	err := sweepScript.Run(ctx, c.rdb, []string{c.keys.outbox(loc), c.keys.rsv(loc, "")}).Err()
	return all, failed(ctx, "sweep", err)
}

func (c Calendar) six(loc charging.LocationID, evse charging.EVSEID) []string {
	k := c.keys
	return []string{
		k.cal(loc, evse), k.oos(loc), k.outbox(loc), k.unsettled(loc), k.lock(loc, evse, ""), k.rsv(loc, ""),
	}
}

// victims reads lists of trip, reservation, leg, state, reason, origin.
func victims(r reply) []charging.Victim {
	var out []charging.Victim
	for i := 0; i+5 < len(r); i += 6 {
		out = append(out, charging.Victim{
			Notice: charging.Notice{
				TripID: charging.TripID(r.str(i)), ReservationID: charging.ReservationID(r.str(i + 1)),
				Leg: int(r.num(i + 2)), State: charging.State(r.str(i + 3)), Reason: r.str(i + 4),
			},
			Origin: charging.CompanyID(r.str(i + 5)),
		})
	}
	return out
}

// Status tells which EVSEs of a location are out of service, and why.
func (c Calendar) Status(ctx context.Context, loc charging.LocationID) (map[charging.EVSEID]string, error) {
	return c.reasons(ctx, c.keys.oos(loc))
}

func (c Calendar) reasons(ctx context.Context, key string) (map[charging.EVSEID]string, error) {
	got, err := c.rdb.HGetAll(ctx, key).Result()
	if err != nil {
		return nil, failed(ctx, "status", err)
	}
	out := make(map[charging.EVSEID]string, len(got))
	for e, why := range got {
		out[charging.EVSEID(e)] = why
	}
	return out, nil
}

// Outbox lists up to limit notices of a location that no originator has
// acknowledged yet, in no order.
func (c Calendar) Outbox(ctx context.Context, loc charging.LocationID, limit int) ([]charging.Victim, error) {
	var out []charging.Victim
	var cursor uint64
	for len(out) < limit {
		flat, next, err := c.rdb.HScan(ctx, c.keys.outbox(loc), cursor, "", int64(limit)).Result()
		if err != nil {
			return nil, failed(ctx, "outbox", err)
		}
		for i := 1; i < len(flat) && len(out) < limit; i += 2 {
			var n struct {
				charging.Notice
				Origin  charging.CompanyID `json:"origin"`
				Stop    string             `json:"stop"`
				Started string             `json:"started"`
				Done    string             `json:"done"`
			}
			if json.Unmarshal([]byte(flat[i]), &n) == nil {
				if n.Started != "" {
					w := charging.Window{End: fromSeconds(number(n.Stop))}
					n.Session = session(w, time.UnixMilli(number(n.Started)).UTC(), n.Done)
				}
				out = append(out, charging.Victim{Notice: n.Notice, Origin: n.Origin})
			}
		}
		if cursor = next; cursor == 0 {
			break
		}
	}
	return out, nil
}

// Told removes an acknowledged notice.
func (c Calendar) Told(ctx context.Context, loc charging.LocationID, id charging.ReservationID) error {
	err := c.rdb.HDel(ctx, c.keys.outbox(loc), string(id)).Err()
	return failed(ctx, "told", err)
}
