package api

import (
	"encoding/json"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// The bodies between companies are read six times and more a trip, nearly
// always without a fault. So they are first read straight into their structs,
// three times as fast; whatever is not plainly good is read again by the
// reader, which knows how to say what is wrong.

// plainHold is the quick reading of a claim or reserve; false is no verdict.
func plainHold(rid charging.ReservationID, body []byte, claim bool) (charging.HoldRequest, bool) {
	var b HoldBody
	if len(body) > MaxBody || json.Unmarshal(body, &b) != nil || !b.RefBody.plain() || b.ttl() <= 0 ||
		b.Leg < 1 || b.Leg > MaxStops || len(b.Ticket) > maxTicket || b.VehicleID.Validate() != nil ||
		claim && b.Ticket == "" || !charging.Nameable(b.Start) {
		return charging.HoldRequest{}, false
	}
	h := charging.HoldRequest{
		Ref: b.ref(rid), Leg: b.Leg, Start: b.Start.UTC(), VehicleID: b.VehicleID,
		TTL: b.ttl(), Ticket: b.Ticket, Reserve: b.Reserve,
	}
	return h, h.Window().Validate(h.Start, 0, "") == nil
}

func plainRef(body []byte) (RefBody, bool) {
	var b RefBody
	return b, len(body) <= MaxBody && json.Unmarshal(body, &b) == nil && b.plain()
}

// plain reports whether all but the TTL is plainly good.
func (b *RefBody) plain() bool {
	if b.Epoch == 0 {
		return false // absent, hence 1, or a wrong 0: the reader knows
	}
	return b.Epoch > 0 && b.Epoch <= maxEpoch && len(b.Owner) <= maxOwner && printable(b.Owner) &&
		charging.Nameable(b.End) && b.End.Nanosecond() == 0 &&
		b.TripID.Validate() == nil && b.Origin.Validate() == nil && b.EVSEID.Validate() == nil
}

func (b *RefBody) ref(rid charging.ReservationID) charging.Ref {
	return charging.Ref{
		ID: rid, TripID: b.TripID, Origin: b.Origin, EVSEID: b.EVSEID, End: b.End.UTC(),
		Epoch: b.Epoch, Owner: b.Owner,
	}
}

// ttl is zero where the reader would refuse it.
func (b *RefBody) ttl() time.Duration {
	if b.TTLSeconds < minTTL || b.TTLSeconds > maxTTL {
		return 0
	}
	return cutTTL(b.TTLSeconds)
}

// cutTTL turns seconds into a duration of whole milliseconds, charging.MaxHold
// at most.
func cutTTL(s float64) time.Duration {
	return min(time.Duration(s*float64(time.Second)).Round(time.Millisecond), charging.MaxHold)
}
