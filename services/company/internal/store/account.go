package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// accounts is the last argument of a location's script: where the accounts of what is
// taken are (docs/adr/0017-what-one-may-take.md); empty where nothing is counted, and on a cluster, where
// they are on other nodes.
func (c *conn) accounts() string {
	if c.cluster || !c.o.Limits.Counting() {
		return ""
	}
	return c.accountsAt(c.keys.prefix)
}

func (c *conn) accountsAt(prefix string) string {
	counted := ""
	if c.countsVehicles() {
		counted += "v"
	}
	if c.o.Limits.Share > 0 {
		counted += "s"
	}
	if c.o.Limits.TripClaims > 0 || c.o.Limits.CompanyClaims > 0 {
		counted += "c"
	}
	return "accounts|" + wholeSeconds(c.o.Limits.NoShow) + "|" + counted + "|" + prefix
}

// countsVehicles reports whether what vehicles have is counted: for their own limits, and
// for an originator's share, which lets a swap off by what its vehicle has.
func (c *conn) countsVehicles() bool {
	l := c.o.Limits
	return l.VehicleHours > 0 || l.NewHours > 0 || l.NewTrips > 0 || l.Share > 0
}

// countsOrigins reports whether what other companies' trips have is counted.
func (c *conn) countsOrigins() bool {
	l := c.o.Limits
	return l.Share > 0 || l.TripClaims > 0 || l.CompanyClaims > 0
}

// limits are those of a request, as scripts/lib_account.lua reads them: a vehicle that
// counts as known has no narrower ones.
func (c *conn) limits(q charging.Quota) string {
	l := c.o.Limits
	if q.Known {
		l.NewHours, l.NewTrips = l.VehicleHours, 0
	}
	return strings.Join([]string{
		wholeSeconds(l.VehicleHours), wholeSeconds(l.NewHours), strconv.Itoa(l.NewTrips),
		strconv.FormatInt(q.Share, 10), strconv.Itoa(l.TripClaims), strconv.Itoa(l.CompanyClaims),
	}, "|")
}

func wholeSeconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

// recountPage is how many entries of each calendar one script looks at.
const recountPage = 64

// Recount puts into the accounts what the calendars of a location have and they have
// not, and tells how many there were. What is too much ends by itself.
// STORE_UNAVAILABLE.
func (c Calendar) Recount(ctx context.Context, loc charging.LocationID, evses []charging.EVSEID) (missing int, err error) {
	if !c.o.Limits.Counting() {
		return 0, nil
	}
	keys := []string{c.keys.rsv(loc, "")}
	for _, e := range evses {
		keys = append(keys, c.keys.cal(loc, e), c.keys.lock(loc, e, ""))
	}
	for page := 0; ; page++ {
		got, err := c.run(ctx, "recount", recountScript, keys, c.civil(), page, recountPage, c.accounts())
		if err != nil {
			return missing, err
		}
		missing += int(got.num(1))
		for i := 2; i < len(got); i++ {
			one := got.list(i)
			if err := c.follow(ctx, reservation(charging.ReservationID(one.str(0)), one[1:])); err != nil {
				return missing, err
			}
		}
		if got.str(0) == "" {
			return missing, nil
		}
	}
}

const (
	vehicleField = "vehicle_id"
	originField  = "origin"
)

// twice refuses a window in which the vehicle has another trip's.
func twice(at charging.At, r reply) *charging.Refusal {
	taken := charging.Window{Start: fromSeconds(r.num(2)), End: fromSeconds(r.num(3))}
	return &charging.Refusal{
		Code: charging.CodeInvalidWindow,
		Detail: fmt.Sprintf("the vehicle of reservation %s has another trip's stop at %s in %s, which overlaps: cancel that one, or choose another time",
			at.ID, at.EVSEID.Company(), taken),
		Fields: []charging.FieldError{{Field: vehicleField, Reason: "has another trip's stop in " + taken.String()}},
	}
}

// quota completes the refusal by a limit: which, how much is taken, of what, until when.
func quota(out *charging.Refusal, at charging.At, r reply) {
	name, owner, origin := r.str(1), at.EVSEID.Company(), at.Origin
	taken, limit := time.Duration(r.num(2))*time.Second, time.Duration(r.num(3))*time.Second
	field, what := originField, ""
	switch name {
	case "vehicle":
		field, what = vehicleField, fmt.Sprintf("the vehicle has %s booked at %s, of at most %s", hours(taken), owner, hours(limit))
	case "new-trips":
		field, what = vehicleField, fmt.Sprintf("the vehicle has never charged at %s and has %d open trips there, of at most %d", owner, r.num(2), r.num(3))
	case "share":
		what = fmt.Sprintf("the trips of %s have %s booked at %s, of at most %s", origin, hours(taken), owner, hours(limit))
	case "trip-claims":
		what = fmt.Sprintf("trip %s has %d stops held at %s at once, of at most %d", at.TripID, r.num(2), owner, r.num(3))
	case "claims":
		what = fmt.Sprintf("the trips of %s have %d stops held at %s at once, of at most %d", origin, r.num(2), owner, r.num(3))
	}
	until := ""
	if r.num(4) > 0 {
		until = "; the first that counts ends by " + fromSeconds(r.num(4)).Format(time.RFC3339)
	}
	out.Detail = what + " (limit " + name + ")" + until + ": use or give back what is booked, or choose another company's charger"
	out.Fields = []charging.FieldError{{Field: field, Reason: what}}
}

// comeAgain is how long the first of what is counted goes on: a claim by Redis, a window
// by civil time. At least a second.
func (c *conn) comeAgain(r reply) time.Duration {
	now := c.present()
	if name := r.str(1); name == "trip-claims" || name == "claims" {
		now = time.Now().Add(time.Duration(c.skew.Load()) * time.Millisecond)
	}
	return max(time.Second, fromSeconds(r.num(4)).Sub(now).Round(time.Second))
}

// hours is a time as people say it: 12 h, or 1.5 h.
func hours(d time.Duration) string { return strconv.FormatFloat(d.Hours(), 'f', -1, 64) + " h" }
