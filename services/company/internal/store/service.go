package store

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// sessionOver is how long after its window's end a session counts as over
// although the car never said that it left.
const sessionOver = time.Hour

// Withdraw takes an EVSE out of service for a reason: what it holds or has
// promised from now on becomes CANCELED, a session FULFILLED with an estimated bill
// by the meter; both are returned and stay in the outbox until Told. An empty
// reason puts it back.
func (c Calendar) Withdraw(ctx context.Context, loc charging.LocationID, evse charging.EVSEID, reason string, m charging.Meter) ([]charging.OutboundNotice, error) {
	got, err := c.replicated(ctx, "withdraw", withdrawScript, c.six(loc, evse), string(evse), reason, c.civil(), watts(m), rates(m.Tariff), asked(ctx), c.accounts())
	if err == nil {
		_ = c.Show(ctx, evse, charging.Condition{OutOfService: reason}) // compared with what is, in time
	}
	all := victims(got)
	c.followNotices(ctx, loc, all)
	return all, err
}

// Tidy removes what has lapsed, marks NO_SHOW, and ends the sessions whose car
// never said that it left, an hour after their end, with an estimated bill by the
// EVSE's meter. It tells of a plug that was never answered, and tells the next
// driver when the car before is late (RESERVED, EVSE_OCCUPIED). All that is returned
// and put in the outbox. Nothing depends on it: of a calendar with hundreds of
// coming entries it looks at some, others the next time.
func (c Calendar) Tidy(ctx context.Context, loc charging.LocationID, evses []charging.EVSEID, noShow time.Duration, meter func(charging.EVSEID) charging.Meter) ([]charging.OutboundNotice, error) {
	var all []charging.OutboundNotice
	for _, e := range evses {
		m := meter(e)
		got, err := c.run(ctx, "tidy", tidyScript, c.six(loc, e), c.civil(), ms(noShow), ms(sessionOver), rand.IntN(1<<30),
			watts(m), rates(m.Tariff), ms(charging.OpenPlug), c.accounts())
		if err != nil {
			return all, err
		}
		some := victims(got)
		c.followNotices(ctx, loc, some)
		all = append(all, some...)
	}
	err := pruneOutboxScript.Run(ctx, c.rdb, []string{c.keys.outbox(loc), c.keys.rsv(loc, "")}).Err()
	return all, failed(ctx, "sweep", err)
}

func (c Calendar) six(loc charging.LocationID, evse charging.EVSEID) []string {
	k := c.keys
	return []string{
		k.cal(loc, evse), k.oos(loc), k.outbox(loc), k.unsettled(loc), k.lock(loc, evse, ""), k.rsv(loc, ""),
	}
}

// victims reads lists of trip, reservation, leg, state, reason, origin.
func victims(r reply) []charging.OutboundNotice {
	var out []charging.OutboundNotice
	for i := 0; i+5 < len(r); i += 6 {
		out = append(out, charging.OutboundNotice{
			Notice: charging.Notice{
				TripID: charging.TripID(r.str(i)), ReservationID: charging.ReservationID(r.str(i + 1)),
				Leg: int(r.num(i + 2)), State: charging.State(r.str(i + 3)), Reason: r.str(i + 4),
			},
			Origin: charging.CompanyID(r.str(i + 5)),
		})
	}
	return out
}

// Status tells which EVSEs of a location are out of service, and why, and whose
// car is at which plug.
func (c Calendar) Status(ctx context.Context, loc charging.LocationID, evses []charging.EVSEID) (map[charging.EVSEID]charging.Condition, error) {
	keys := []string{c.keys.oos(loc), c.keys.rsv(loc, "")}
	args := []any{c.civil()}
	for _, e := range evses {
		keys, args = append(keys, c.keys.cal(loc, e)), append(args, string(e))
	}
	got, err := c.run(ctx, "status", statusScript, keys, args...)
	if err != nil {
		return nil, err
	}
	out := make(map[charging.EVSEID]charging.Condition, len(evses))
	for i, e := range evses {
		out[e] = charging.Condition{OutOfService: got.str(2 * i), Charging: charging.ReservationID(got.str(2*i + 1))}
	}
	return out, nil
}

// charges begins what stands in the company's list for an EVSE with a car at its
// plug; anything else is why it is out of service.
const charges = "charging "

// Show notes in the company's list of EVSEs how one is, or with an empty
// condition that it waits for a car. Nothing but what is shown depends on it.
func (c Calendar) Show(ctx context.Context, evse charging.EVSEID, is charging.Condition) error {
	word := is.OutOfService
	if word == "" && is.Charging != "" {
		word = charges + string(is.Charging)
	}
	if word == "" {
		return failed(ctx, "show an EVSE", c.rdb.HDel(ctx, c.keys.shownEVSEs(), string(evse)).Err())
	}
	return failed(ctx, "show an EVSE", c.rdb.HSet(ctx, c.keys.shownEVSEs(), string(evse), word).Err())
}

// Shown lists the EVSEs that are shown as out of service, and why, or with a car
// at the plug, in one reading.
func (c Calendar) Shown(ctx context.Context) (map[charging.EVSEID]charging.Condition, error) {
	got, err := c.rdb.HGetAll(ctx, c.keys.shownEVSEs()).Result()
	if err != nil {
		return nil, failed(ctx, "how the EVSEs are shown", err)
	}
	is := make(map[charging.EVSEID]charging.Condition, len(got))
	for evse, word := range got {
		if id, car := strings.CutPrefix(word, charges); car {
			is[charging.EVSEID(evse)] = charging.Condition{Charging: charging.ReservationID(id)}
		} else {
			is[charging.EVSEID(evse)] = charging.Condition{OutOfService: word}
		}
	}
	return is, nil
}

// Outbox lists up to limit notices of a location that no originator has
// acknowledged yet, in no order.
func (c Calendar) Outbox(ctx context.Context, loc charging.LocationID, limit int) ([]charging.OutboundNotice, error) {
	var out []charging.OutboundNotice
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
				// Estimated is '1' while the bill is not by a car's word.
				Estimated string `json:"estimated"`
				// N numbers the notices of a reservation.
				N string `json:"n"`
			}
			if json.Unmarshal([]byte(flat[i]), &n) == nil {
				if n.Started != "" {
					w := charging.Window{End: fromSeconds(number(n.Stop))}
					n.Session = session(w, time.UnixMilli(number(n.Started)).UTC(), n.Done, n.Estimated == "1")
				}
				out = append(out, charging.OutboundNotice{Notice: n.Notice, Origin: n.Origin, Number: n.N})
			}
		}
		if cursor = next; cursor == 0 {
			break
		}
	}
	return out, nil
}

// Told removes a notice of the outbox that has been acknowledged; a newer one about
// the same reservation stays.
func (c Calendar) Told(ctx context.Context, loc charging.LocationID, v charging.OutboundNotice) error {
	err := toldScript.Run(ctx, c.rdb, []string{c.keys.outbox(loc)}, string(v.ReservationID), v.Number).Err()
	return failed(ctx, "told", err)
}
