package store

import (
	"fmt"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// keys builds every key. The braces are Redis Cluster hash tags: what one
// script touches has one tag.
type keys struct{ prefix string }

// newKeys refuses a prefix with a brace, which would take the tag's place.
func newKeys(prefix string) (keys, error) {
	if strings.ContainsAny(prefix, "{} \t\r\n*?[]") || len(prefix) > 64 {
		return keys{}, fmt.Errorf("redis prefix %q: at most 64 characters without braces, spaces and wildcards", prefix)
	}
	return keys{prefix}, nil
}

// at is kind:{tag}, followed by :part for each part.
func (k keys) at(kind, tag string, parts ...string) string {
	n := len(k.prefix) + len(kind) + len(tag) + 3
	for _, p := range parts {
		n += len(p) + 1
	}
	var b strings.Builder
	b.Grow(n)
	b.WriteString(k.prefix)
	b.WriteString(kind)
	b.WriteString(":{")
	b.WriteString(tag)
	b.WriteByte('}')
	for _, p := range parts {
		b.WriteByte(':')
		b.WriteString(p)
	}
	return b.String()
}

// The calendar of one location (docs/adr/0001-one-script-one-location.md).

func (k keys) cal(loc charging.LocationID, evse charging.EVSEID) string {
	return k.at("cal", string(loc), string(evse))
}

func (k keys) lock(loc charging.LocationID, evse charging.EVSEID, id charging.ReservationID) string {
	return k.at("lock", string(loc), string(evse), string(id))
}

func (k keys) rsv(loc charging.LocationID, id charging.ReservationID) string {
	return k.at("rsv", string(loc), string(id))
}

func (k keys) fence(loc charging.LocationID, evse charging.EVSEID) string {
	return k.at("fence", string(loc), string(evse))
}

func (k keys) own(loc charging.LocationID, origin charging.CompanyID, trip charging.TripID) string {
	return k.at("own", string(loc), string(origin), string(trip))
}

// stamp is the time of the ticket that a trip has shown at a location.
func (k keys) stamp(loc charging.LocationID, origin charging.CompanyID, trip charging.TripID) string {
	return k.at("stamp", string(loc), string(origin), string(trip))
}

func (k keys) oos(loc charging.LocationID) string       { return k.at("oos", string(loc)) }
func (k keys) unsettled(loc charging.LocationID) string { return k.at("unsettled", string(loc)) }
func (k keys) outbox(loc charging.LocationID) string    { return k.at("outbox", string(loc)) }

// out is what of all oos is shown, and inventory where each EVSE's calendar lies.
func (k keys) shownEVSEs() string { return k.prefix + "evses" }
func (k keys) inventory() string  { return k.prefix + "inventory" }

// mark and heartbeat tell a location's data from an empty one (docs/adr/0005-a-store-that-forgot.md).
func (k keys) incarnation(loc charging.LocationID) string { return k.at("mark", string(loc)) }

func (k keys) heartbeat(loc charging.LocationID, server string) string {
	return k.at("mark", string(loc), server)
}

// locks is what stands before EVSE:RESERVATION in a lock's key.
func (k keys) locks(loc charging.LocationID) string { return k.at("lock", string(loc)) + ":" }

// The journal (docs/adr/0002-the-journal.md).

func (k keys) trip(id charging.TripID) string { return k.at("trip", string(id)) }
func (k keys) log(id charging.TripID) string  { return k.at("trip", string(id), "log") }

// inbox is what other servers ask of a trip; answer is what they were told.
func (k keys) inbox(id charging.TripID) string { return k.at("trip", string(id), "inbox") }

func (k keys) answer(id charging.TripID, letter string) string {
	return k.at("trip", string(id), "answer", letter)
}

// The lists of trips (docs/adr/0013-records-and-lists.md): open and expiry by when there is something
// to do, the others by when a trip was made.

func (k keys) open() string     { return k.prefix + "trips:open" }
func (k keys) all() string      { return k.prefix + "trips:all" }
func (k keys) standing() string { return k.prefix + "trips:standing" }
func (k keys) stuck() string    { return k.prefix + "trips:stuck" }
func (k keys) expiry() string   { return k.prefix + "trips:expiry" }

// ended are the trips that came to one of the states that nothing follows.
func (k keys) ended(s trip.State) string { return k.prefix + "trips:ended:" + string(s) }

// filed: how far the trips of before these lists have been put on them.
func (k keys) filed() string { return k.prefix + "trips:filed" }

// servers are the company's servers that share this Redis, by when each is
// taken for gone.
func (k keys) servers() string { return k.prefix + "servers" }

// shown: what each server says of its signing keys.
func (k keys) shown() string { return k.prefix + "servers:keys" }

// spans are a vehicle's open trips; made are all trips that it ever asked for.
func (k keys) spans(v charging.VehicleID) string { return k.at("vehicle", string(v), "trips") }
func (k keys) made(v charging.VehicleID) string  { return k.at("vehicle", string(v), "made") }

func (k keys) idem(v charging.VehicleID, key string) string { return k.at("idem", string(v), key) }
func (k keys) plan(id string) string                        { return k.at("plan", id) }

// plansOf and sessionsOf are the keys of plans and sessions that are kept of one
// caller, the newest first.
func (k keys) plansOf(by string) string    { return k.at("plans", by) }
func (k keys) sessionsOf(of string) string { return k.at("sessions", of) }

// taken is what a vehicle has here; companyAccount are the holds, the sum and what stands
// of an originator, or, where its share is not limited, its holds alone (docs/adr/0017-what-one-may-take.md).
func (k keys) taken(v charging.VehicleID) string { return k.at("vehicle", string(v), "taken") }

func (k keys) companyAccount(c charging.CompanyID, shared bool) []string {
	if !shared {
		return []string{k.at("company", string(c), "claimed")}
	}
	return []string{k.at("company", string(c), "holds"), k.at("company", string(c), "taken"), k.at("company", string(c), "standing")}
}

// car is the session of a vehicle at this company.
func (k keys) car(v charging.VehicleID) string { return k.at("car", string(v)) }

// The registry.

func (k keys) vehicle(v charging.VehicleID) string { return k.at("vehicle", string(v)) }
func (k keys) issuer(v charging.VehicleID) string  { return k.at("vehicle", string(v), "issuer") }
func (k keys) revoked() string                     { return k.prefix + "revoked" }
func (k keys) suspended() string                   { return k.prefix + "suspended" }

// revokedThrough are vehicles by the second up to which nothing that was issued to them
// counts.
func (k keys) revokedThrough() string { return k.prefix + "revoked:through" }

// registrations counts those of an address; invite is one that has not been used.
func (k keys) registrations(from string) string { return k.at("registrations", from) }
func (k keys) invite(hash string) string        { return k.at("invite", hash) }

// acts are the audit's by when, actsOf what each is.
func (k keys) acts() string   { return k.at("audit", "acts") }
func (k keys) actsOf() string { return k.at("audit", "acts", "of") }

// messages are what operators have said to a vehicle's driver.
func (k keys) messages(v charging.VehicleID) string { return k.at("vehicle", string(v), "messages") }

func (k keys) session(hash string) string { return k.at("session", hash) }

// sessionHash is the hash in a session's key.
func (k keys) sessionHash(key string) string {
	return strings.TrimSuffix(strings.TrimPrefix(key, k.prefix+"session:{"), "}")
}

func (k keys) reply(v charging.VehicleID, request string) string {
	return k.at("reply", string(v), request)
}
