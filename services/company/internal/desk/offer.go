package desk

import (
	"errors"
	"fmt"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Inventory is what a company offers, and where its calendars lie
// (docs/adr/0012-inventories-change.md).
type Inventory struct {
	// Locations are offered and listed.
	Locations []charging.Location
	// Homes are the locations under which calendars lie; an EVSE without one is
	// at home where it is listed.
	Homes map[charging.EVSEID]charging.LocationID
	// Left are EVSEs that are offered no more and still have bookings, each with
	// the terms, tariffs and connectors that it had.
	Left []charging.Location
}

// validate refuses what belongs to another company, and an EVSE at two places.
func (i Inventory) validate(company charging.CompanyID) error {
	var errs []error
	owner := map[charging.EVSEID]charging.LocationID{}
	for _, l := range slices.Concat(i.Locations, i.Left) {
		if l.ID.Company() != company {
			errs = append(errs, fmt.Errorf("desk: location %s does not belong to %s", l.ID, company))
		}
		for _, e := range l.EVSEs {
			if was, twice := owner[e.ID]; twice {
				errs = append(errs, fmt.Errorf("desk: EVSE %s is at %s and at %s", e.ID, was, l.ID))
			}
			owner[e.ID] = l.ID
		}
	}
	return errors.Join(errs...)
}

// Places are all locations under which calendars lie.
func (i Inventory) Places() []charging.LocationID { return newOffer(i).homes }

// site is a location's EVSEs that have one home. Its ID is that home: calendars
// are addressed by it, whatever the location is called now.
type site struct {
	charging.Location
	evses []charging.EVSEID
	// left: the company offers these EVSEs no more, and keeps their bookings.
	left bool
}

// offer is an inventory as the desk uses it. It never changes: a reload makes
// another.
type offer struct {
	listed []charging.Location
	sites  map[charging.EVSEID]*site
	// homes are all locations that have calendars, and at their sites.
	homes []charging.LocationID
	at    map[charging.LocationID][]*site
	// seconds of all EVSEs that can be booked: each as far ahead as its terms say. All
	// of a big company are longer than a time.Duration.
	seconds float64
}

func newOffer(inv Inventory) *offer {
	o := &offer{sites: map[charging.EVSEID]*site{}, at: map[charging.LocationID][]*site{}}
	for _, l := range inv.Locations {
		l = withTerms(l)
		o.listed = append(o.listed, l)
		o.add(l, inv.Homes, false)
	}
	for _, l := range inv.Left {
		o.add(withTerms(l), inv.Homes, true)
	}
	return o
}

// add makes a site of each home of a location's EVSEs.
func (o *offer) add(l charging.Location, homes map[charging.EVSEID]charging.LocationID, left bool) {
	mine := map[charging.LocationID]*site{}
	for _, e := range l.EVSEs {
		home := l.ID
		if h := homes[e.ID]; h != "" {
			home = h
		}
		s := mine[home]
		if s == nil {
			s = &site{Location: l, left: left}
			s.ID, s.EVSEs = home, nil
			mine[home] = s
			if o.at[home] == nil {
				o.homes = append(o.homes, home)
			}
			o.at[home] = append(o.at[home], s)
		}
		if !left {
			o.seconds += l.Terms.MaxAhead.Seconds()
		}
		s.EVSEs, s.evses = append(s.EVSEs, e), append(s.evses, e.ID)
		o.sites[e.ID] = s
	}
}

// Reload replaces the inventory at once, for what begins from now on. Calendars
// stay where they are. An inventory that cannot be used changes nothing.
func (d *Desk) Reload(inv Inventory) error {
	return d.ground.reload(inv)
}

func (g *ground) reload(inv Inventory) error {
	if err := inv.validate(g.o.Company); err != nil {
		return err
	}
	g.offered.Store(newOffer(inv))
	g.agendas.surveyAll()
	return nil
}

// offers refuses what is new at an EVSE that has left.
func (s *site) offers(id charging.EVSEID) error {
	if !s.left {
		return nil
	}
	return charging.Refuse(charging.CodeUnknownEVSE,
		string(id)+" is offered no more: what is booked there is kept, nothing new is taken; choose another EVSE")
}
