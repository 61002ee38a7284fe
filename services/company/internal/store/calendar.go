package store

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Calendar decides who has which EVSE when (docs/adr/0001-one-script-one-location.md). Each method is one
// script over one location.
type Calendar struct{ *conn }

// Hold grants a claim or a reserve, or says what is in the way: see
// charging.Company for its refusals. A repeat has the fence and the ticket time
// of the first grant and at least the time that is left; reserve turns the
// trip's own CLAIMED into PENDING.
func (c Calendar) Hold(ctx context.Context, h charging.Hold) (charging.Grant, error) {
	if h.TTL < time.Millisecond {
		return charging.Grant{}, charging.Invalid("ttl_seconds", "must be positive")
	}
	if h.Want != charging.Claimed && h.Want != charging.Pending {
		return charging.Grant{}, charging.Invalid("state", "a hold is CLAIMED or PENDING, not "+string(h.Want))
	}
	at := charging.At{Location: h.Location, Ref: h.Ref}
	start := seconds(h.Start)
	args := append(c.args(at),
		strconv.Itoa(h.Leg)+"|"+start+"|"+string(h.VehicleID), start, string(h.Want),
		ms(h.TTL), ms(charging.MaxHold), h.GrantedAt, flag(h.Stamp), strconv.FormatInt(h.StampFloor, 10),
		h.KeyID, ms(h.NoShow), lockHead(h), c.expected(h.Location),
		c.limits(h.Quota), asked(ctx), c.accounts())
	granted := func() (charging.Grant, error) {
		got, err := c.run(ctx, "hold", holdScript, append(c.eight(at), c.keys.incarnation(h.Location), c.keys.stamp(h.Location, h.Origin, h.TripID)), args...)
		if err != nil {
			return charging.Grant{}, err
		}
		if got.str(0) != "OK" {
			return charging.Grant{}, c.refused(at, got)
		}
		return grant(h, got), nil
	}
	if c.apart() {
		return c.holdApart(ctx, h, granted)
	}
	return granted()
}

func grant(h charging.Hold, got reply) charging.Grant {
	f := got.fields(1)
	g := charging.Grant{Reservation: reservation(h.ID, got), KeyID: f.str("key_id"), Stamped: f.str("stamped") == "1"}
	for i := answered; i+3 < len(got); i += 4 {
		g.Preempted = append(g.Preempted, charging.OutboundNotice{
			Notice: charging.Notice{
				TripID: charging.TripID(got.str(i)), ReservationID: charging.ReservationID(got.str(i + 1)),
				Leg: int(got.num(i + 2)), State: charging.Preempted, By: h.TripID,
			},
			Origin: charging.CompanyID(got.str(i + 3)),
		})
	}
	return g
}

// eight are the keys of one reservation, in the order of scripts/lib_calendar.lua.
func (c Calendar) eight(at charging.At) []string {
	k := c.keys
	return append(c.five(at), k.fence(at.Location, at.EVSEID), k.oos(at.Location), k.outbox(at.Location))
}

func (c Calendar) five(at charging.At) []string {
	k := c.keys
	keys := make([]string, 0, 10)
	return append(keys, k.cal(at.Location, at.EVSEID), k.lock(at.Location, at.EVSEID, at.ID),
		k.rsv(at.Location, at.ID), k.own(at.Location, at.Origin, at.TripID), k.unsettled(at.Location))
}

// args are the first seven arguments of every script of one reservation.
func (c Calendar) args(at charging.At) []any {
	args := make([]any, 0, 22)
	return append(args, string(at.ID), who(at), seconds(at.End), strconv.FormatInt(at.Epoch, 10), at.Owner, c.civil(), ms(c.o.Retention))
}

// who is a record's field of that name.
func who(at charging.At) string {
	return string(at.TripID) + "|" + string(at.Origin) + "|" + string(at.EVSEID) + "|" + seconds(at.End)
}

// lockHead is the lock's JSON up to its state, which the script knows. It is
// built by hand because every hold needs it.
func lockHead(h charging.Hold) string {
	b := make([]byte, 0, 320)
	b = append(b, `{"trip_id":`...)
	b = quote(b, string(h.TripID))
	b = append(b, `,"origin":`...)
	b = quote(b, string(h.Origin))
	b = append(b, `,"leg":`...)
	b = strconv.AppendInt(b, int64(h.Leg), 10)
	b = append(b, `,"evse_id":`...)
	b = quote(b, string(h.EVSEID))
	b = append(b, `,"reservation_id":`...)
	b = quote(b, string(h.ID))
	b = append(b, `,"start":"`...)
	b = h.Start.UTC().AppendFormat(b, time.RFC3339)
	b = append(b, `","end":"`...)
	b = h.End.UTC().AppendFormat(b, time.RFC3339)
	return string(append(b, `",`...))
}

// quote appends a JSON string; ids need no escapes, anything else gets them.
func quote(b []byte, s string) []byte {
	for i := range len(s) {
		if ch := s[i]; ch < 0x20 || ch >= 0x7f || ch == '"' || ch == '\\' {
			q, _ := json.Marshal(s)
			return append(b, q...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return ""
}

func ms(d time.Duration) string     { return strconv.FormatInt(d.Milliseconds(), 10) }
func millis(t time.Time) string     { return strconv.FormatInt(t.UnixMilli(), 10) }
func seconds(t time.Time) string    { return strconv.FormatInt(t.Unix(), 10) }
func fromSeconds(n int64) time.Time { return time.Unix(n, 0).UTC() }
