package desk

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// mostEntries is how many entries one answer of Calendars may have.
const mostEntries = 20_000

// BookingQuery says which bookings are asked for; what is empty is any. They stand in
// Window, in part at least; a zero End is the end of all calendars.
type BookingQuery struct {
	Window   charging.Window
	Location charging.LocationID
	EVSEID   charging.EVSEID
	State    charging.State
	Vehicle  charging.VehicleID
	Origin   charging.CompanyID
	Trip     charging.TripID
	// After is the place of the last one of the answer before; zero is from the first.
	After Place
	// Limit is how many are answered at most, at least 1.
	Limit int
}

// Place is where a booking stands in the list of all: by start, EVSE and id.
type Place struct {
	Start time.Time
	EVSE  charging.EVSEID
	ID    charging.ReservationID
}

// PlaceOf is where a booking stands in the list of all.
func PlaceOf(r charging.Reservation) Place { return Place{r.Window.Start, r.EVSEID, r.ID} }

func (p Place) compare(q Place) int {
	return cmp.Or(p.Start.Compare(q.Start), cmp.Compare(p.EVSE, q.EVSE), cmp.Compare(p.ID, q.ID))
}

func (q BookingQuery) wants(r charging.Reservation) bool {
	return (q.State == "" || q.State == r.State) && (q.Vehicle == "" || q.Vehicle == r.VehicleID) &&
		(q.Origin == "" || q.Origin == r.Origin) && (q.Trip == "" || q.Trip == r.TripID) &&
		(q.After.ID == "" || PlaceOf(r).compare(q.After) > 0)
}

// calendars reads what stands in the calendars, for their owner.
type calendars struct {
	*ground
	loss *dataLoss
}

// Calendars reads what stands in w in the calendars of all EVSEs, or of one location's:
// in the order of the inventory, those that have left it last. INVALID_FIELD,
// INVALID_WINDOW (too much for one answer), STORE_UNAVAILABLE.
func (d *Desk) Calendars(ctx context.Context, w charging.Window, location charging.LocationID) ([]charging.Agenda, error) {
	return d.calendars.between(ctx, w, location)
}

func (c *calendars) between(ctx context.Context, w charging.Window, location charging.LocationID) ([]charging.Agenda, error) {
	some, err := c.premises(location, "")
	if err != nil {
		return nil, err
	}
	var total atomic.Int64
	return c.agendasOf(ctx, some, func(ctx context.Context, p premise) (charging.Agenda, error) {
		return c.entries(ctx, p, w, func(n int) error {
			if total.Add(int64(n)) <= mostEntries {
				return nil
			}
			return &charging.Refusal{
				Code: charging.CodeInvalidWindow, Detail: "more than 20,000 entries stand in that time: ask for a shorter one, or for one location",
				Fields: []charging.FieldError{{Field: "to", Reason: "is too far after from"}},
			}
		})
	})
}

// Bookings lists what stands in the calendars, by start; more says that there are
// others after the last. INVALID_FIELD, UNKNOWN_EVSE, STORE_UNAVAILABLE.
func (d *Desk) Bookings(ctx context.Context, q BookingQuery) (list []charging.Reservation, more bool, err error) {
	return d.calendars.bookings(ctx, q)
}

func (c *calendars) bookings(ctx context.Context, q BookingQuery) (list []charging.Reservation, more bool, err error) {
	some, err := c.premises(q.Location, q.EVSEID)
	if err != nil {
		return nil, false, err
	}
	if q.After.Start.After(q.Window.Start) {
		q.Window.Start = q.After.Start
	}
	all, err := c.agendasOf(ctx, some, func(ctx context.Context, p premise) (charging.Agenda, error) {
		return c.matching(ctx, p, q)
	})
	for _, a := range all {
		list = append(list, a.Entries...)
	}
	slices.SortFunc(list, func(a, b charging.Reservation) int { return PlaceOf(a).compare(PlaceOf(b)) })
	if len(list) > q.Limit {
		return list[:q.Limit], true, err
	}
	return list, false, err
}

// matching are the first of an EVSE's bookings that a query wants, one beyond its limit
// at most.
func (c *calendars) matching(ctx context.Context, p premise, q BookingQuery) (charging.Agenda, error) {
	a := charging.Agenda{}
	for w, stayed := q.Window, true; ; stayed = false {
		page, next, err := c.o.Calendar.Entries(ctx, p.home, p.evse, w, stayed)
		if err != nil {
			return a, err
		}
		for _, r := range page.Entries {
			if q.wants(r) && len(a.Entries) <= q.Limit {
				a.Entries = append(a.Entries, r)
			}
		}
		if w.Start = next; next.IsZero() || len(a.Entries) > q.Limit {
			return a, nil
		}
	}
}

// entries reads a calendar; each script's number of entries is judged.
func (c *calendars) entries(ctx context.Context, p premise, w charging.Window, judge func(n int) error) (charging.Agenda, error) {
	a := charging.Agenda{}
	for stayed := true; ; stayed = false {
		page, next, err := c.o.Calendar.Entries(ctx, p.home, p.evse, w, stayed)
		if err == nil {
			err = judge(len(page.Entries))
		}
		if err != nil {
			return a, err
		}
		page.Entries = append(a.Entries, page.Entries...)
		a = page
		if w.Start = next; next.IsZero() {
			a.Location, a.Name = p.listed, p.name
			return a, nil
		}
	}
}

// premise is an EVSE, where it is listed and where its calendar lies.
type premise struct {
	evse         charging.EVSEID
	home, listed charging.LocationID
	name         string
}

// premises are the EVSEs of a location, one EVSE, or all. INVALID_FIELD, UNKNOWN_EVSE.
func (c *calendars) premises(location charging.LocationID, evse charging.EVSEID) (list []premise, err error) {
	if evse != "" {
		if _, err := c.site(evse); err != nil {
			return nil, err
		}
	}
	for _, p := range c.offered.Load().premises() {
		if (location == "" || p.listed == location) && (evse == "" || p.evse == evse) {
			list = append(list, p)
		}
	}
	if len(list) == 0 && location != "" {
		return nil, charging.Invalid("location", string(location)+" is no location of "+string(c.o.Company)+" that has this; see its locations")
	}
	return list, nil
}

// premises are all EVSEs, in the order of the inventory, and those that have left it.
func (o *offer) premises() (list []premise) {
	for _, l := range o.listed {
		for _, e := range l.EVSEs {
			list = append(list, premise{e.ID, o.sites[e.ID].ID, l.ID, l.Name})
		}
	}
	for _, home := range o.homes {
		for _, s := range o.at[home] {
			for _, e := range s.evses {
				if s.left {
					list = append(list, premise{e, home, home, s.Name})
				}
			}
		}
	}
	return list
}

// agendasOf reads several EVSEs at once, and answers in their order.
func (c *calendars) agendasOf(ctx context.Context, some []premise, read func(context.Context, premise) (charging.Agenda, error)) ([]charging.Agenda, error) {
	if err := c.loss.refuse(); err != nil {
		return nil, err
	}
	all := make([]charging.Agenda, len(some))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for i, p := range some {
		g.Go(func() (err error) {
			all[i], err = read(ctx, p)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return all, nil
}

// WouldLose is what Withdraw would end at an EVSE now: its coming reservations, and the
// session of a car that is there. It changes nothing. UNKNOWN_EVSE, STORE_UNAVAILABLE.
func (d *Desk) WouldLose(ctx context.Context, evse charging.EVSEID) ([]charging.Reservation, error) {
	return d.calendars.wouldLose(ctx, evse)
}

func (c *calendars) wouldLose(ctx context.Context, evse charging.EVSEID) ([]charging.Reservation, error) {
	some, err := c.premises("", evse)
	if err != nil {
		return nil, err
	}
	all, err := c.agendasOf(ctx, some, func(ctx context.Context, p premise) (charging.Agenda, error) {
		return c.entries(ctx, p, charging.Window{Start: c.o.Clock()}, func(int) error { return nil })
	})
	if err != nil {
		return nil, err
	}
	return all[0].Entries, nil
}

// Locks lists every CLAIMED and PENDING stop in force.
func (d *Desk) Locks(ctx context.Context) ([]charging.Lock, error) {
	return d.calendars.locks(ctx)
}

func (c *calendars) locks(ctx context.Context) ([]charging.Lock, error) {
	all := []charging.Lock{}
	o := c.offered.Load()
	for _, home := range o.homes {
		for _, s := range o.at[home] {
			locks, err := c.o.Calendar.Locks(ctx, home, s.evses)
			if err != nil {
				return nil, err
			}
			all = append(all, locks...)
		}
	}
	return all, nil
}
