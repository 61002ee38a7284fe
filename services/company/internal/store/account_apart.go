package store

import (
	"context"
	"errors"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// What follows is for a cluster, where an account lies on another node than the calendar
// (docs/adr/0017-what-one-may-take.md): it is charged first, then the calendar grants; what is freed is given
// back after. What is not given back ends by itself.

// What is done to an account.
const (
	accountTake   = "take"
	accountStay   = "stay"
	accountGive   = "give"
	accountUnused = "unused"
	accountKnow   = "know"
)

// apart reports whether the accounts have to be kept beside the calendar's scripts.
func (c *conn) apart() bool { return c.cluster && c.o.Limits.Counting() }

// bill is a claim for an account: which, whose, and by which limits.
type bill struct {
	at        charging.At
	what      string
	vehicle   charging.VehicleID
	limits    string
	off, gain int64
}

func (c Calendar) billOf(r charging.Reservation) bill {
	at := charging.At{Ref: charging.Ref{ID: r.ID, TripID: r.TripID, Origin: r.Origin, EVSEID: r.EVSEID, End: r.Window.End}}
	return bill{
		at: at, vehicle: r.VehicleID, limits: c.limits(charging.Quota{}),
		what: strconv.Itoa(r.Leg) + "|" + seconds(r.Window.Start) + "|" + string(r.VehicleID),
	}
}

func (b bill) foreign() bool { return b.at.Origin != b.at.EVSEID.Company() }

// account does something to both accounts, the vehicle's first. A take that the second
// refuses gives the first back. had reports that it was in the first already.
func (c Calendar) account(ctx context.Context, op string, b bill) (had bool, err error) {
	if c.countsVehicles() {
		got, err := c.book(ctx, vehicleAccountScript, []string{c.keys.taken(b.vehicle)}, op, b)
		if err != nil || got.str(0) == "HAD" {
			return err == nil, err
		}
		b.off, b.gain = got.num(1), got.num(2)
	}
	if !b.foreign() || !c.countsOrigins() {
		return false, nil
	}
	_, err = c.book(ctx, companyAccountScript, c.keys.companyAccount(b.at.Origin, c.o.Limits.Share > 0), op, b)
	if err != nil && op == accountTake && c.countsVehicles() {
		_, _ = c.book(ctx, vehicleAccountScript, []string{c.keys.taken(b.vehicle)}, accountGive, b)
	}
	return false, err
}

func (c Calendar) book(ctx context.Context, s *redis.Script, keys []string, op string, b bill) (reply, error) {
	got, err := c.replicated(ctx, "account", s, keys, op, string(b.at.ID), who(b.at), b.what, c.civil(), b.limits, b.off, b.gain,
		c.accountsAt(""))
	if err != nil {
		return nil, err
	}
	if first := got.str(0); first != "OK" && first != "HAD" {
		return nil, c.refused(b.at, got)
	}
	return got, nil
}

// holdApart charges a hold and then grants it; one that is refused is given back. When
// nobody knows whether it was granted it stays, and ends by itself.
func (c Calendar) holdApart(ctx context.Context, h charging.Hold, grant func() (charging.Grant, error)) (charging.Grant, error) {
	b := c.billOf(charging.Reservation{
		ID: h.ID, TripID: h.TripID, Origin: h.Origin, EVSEID: h.EVSEID, Leg: h.Leg, VehicleID: h.VehicleID, Window: h.Window(),
	})
	b.limits = c.limits(h.Quota)
	had, err := c.account(ctx, accountTake, b)
	if err != nil {
		return charging.Grant{}, err
	}
	g, err := grant()
	if code := charging.CodeOf(err); err != nil && !had && code != "" && code != charging.CodeStoreUnavailable {
		_, _ = c.account(ctx, accountGive, b)
	}
	if err == nil {
		c.followNotices(ctx, h.Location, g.Preempted)
	}
	return g, err
}

// follow makes the accounts say what has become of a reservation. A failure is mended by
// the next word about it, by the recount, or by its end.
func (c Calendar) follow(ctx context.Context, r charging.Reservation) error {
	op := ""
	switch {
	case !c.apart() || r.VehicleID == "":
	case r.State.Booked():
		op = accountStay
	case r.State == charging.NoShow:
		op = accountUnused
	case r.State == charging.Fulfilled && r.Session != nil && !r.Session.Estimated && r.Session.EnergyKWh > 0:
		op = accountKnow
	case !r.State.Holds():
		op = accountGive
	}
	if op == "" {
		return nil
	}
	_, err := c.account(ctx, op, c.billOf(r))
	return err
}

func (c Calendar) followNotices(ctx context.Context, loc charging.LocationID, all []charging.OutboundNotice) {
	if !c.apart() {
		return
	}
	for _, v := range all {
		if r, err := c.Reservation(ctx, v.ReservationID, []charging.LocationID{loc}); err == nil {
			_ = c.follow(ctx, r)
		}
	}
}

// confirmApart makes what is going to be reserved stand first.
func (c Calendar) confirmApart(ctx context.Context, at charging.At, confirm func() (charging.Reservation, error)) (charging.Reservation, error) {
	if r, err := c.Reservation(ctx, at.ID, []charging.LocationID{at.Location}); err == nil && r.State == charging.Pending && r.Origin == at.Origin {
		r.State = charging.Reserved
		if err := c.follow(ctx, r); err != nil {
			return charging.Reservation{}, err
		}
	}
	res, err := confirm()
	var no *charging.Refusal
	if errors.As(err, &no) && no.Code != charging.CodeStoreUnavailable {
		if r, err := c.Reservation(ctx, at.ID, []charging.LocationID{at.Location}); err == nil {
			_ = c.follow(ctx, r)
		}
	}
	return res, err
}

// moveApart charges the new window as a hold of its own, which a swap lets off, and
// gives it back when the calendar has answered.
func (c Calendar) moveApart(ctx context.Context, at charging.At, m charging.Move, move func() (charging.Reservation, error)) (charging.Reservation, error) {
	was, err := c.Reservation(ctx, at.ID, []charging.LocationID{at.Location})
	if err != nil || was.Origin != at.Origin || !was.State.Booked() {
		return move()
	}
	next := was
	next.ID, next.Window = was.ID+"~", m.To
	b := c.billOf(next)
	b.limits = c.limits(m.Quota)
	if _, err := c.account(ctx, accountTake, b); err != nil {
		return charging.Reservation{}, err
	}
	res, err := move()
	if err == nil && res.Window != was.Window {
		_, _ = c.account(ctx, accountGive, c.billOf(was))
		_ = c.follow(ctx, res)
	}
	_, _ = c.account(ctx, accountGive, b)
	return res, err
}
