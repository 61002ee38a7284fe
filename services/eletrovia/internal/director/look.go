package director

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// lookWithin bounds one look at a company, that may be dying.
const lookWithin = 2 * time.Second

// picture is what is to be seen of a play now.
func (p *play) picture(ctx context.Context) (drivers []api.StageDriver, lanes []api.StageCompany) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	for _, d := range p.drivers {
		t, _ := d.look(ctx) // what cannot be read now is as it was seen last
		p.tell(d, t)
		drivers = append(drivers, shownDriver(d, t))
	}
	rank(drivers)
	for _, id := range companies {
		lanes = append(lanes, p.lane(ctx, id))
	}
	return drivers, lanes
}

func shownDriver(d *driver, t trip.Trip) api.StageDriver {
	s := api.StageDriver{Name: d.name, CompanyID: d.company.id, VehicleID: d.vehicle, TripID: t.ID, State: t.State, Legs: []api.StageLeg{}}
	if t.Ticket != nil {
		s.GrantedAt = t.Ticket.GrantedAt
	}
	for _, l := range t.Legs {
		s.Legs = append(s.Legs, api.StageLeg{EVSEID: l.EVSEID, CompanyID: l.CompanyID, State: l.State, Start: l.Start, End: l.End})
	}
	return s
}

// rank numbers those who have a ticket by its age. Stamps of the same length compare as
// numbers do.
func rank(drivers []api.StageDriver) {
	var stamped []*api.StageDriver
	for i := range drivers {
		if drivers[i].GrantedAt != "" {
			stamped = append(stamped, &drivers[i])
		}
	}
	slices.SortFunc(stamped, func(a, b *api.StageDriver) int {
		return cmp.Or(cmp.Compare(len(a.GrantedAt), len(b.GrantedAt)), cmp.Compare(a.GrantedAt, b.GrantedAt), cmp.Compare(a.TripID, b.TripID))
	})
	for i, d := range stamped {
		d.Rank = i + 1
	}
}

// told are the states of a trip that are worth a sentence, by its name.
var told = map[trip.State]string{
	trip.AwaitingDecision: "asked", trip.Confirming: "confirming", trip.Confirmed: "confirmed", trip.Aborted: "aborted", trip.Canceled: "canceled",
}

// tell notes what has become of a driver's trip, each once.
func (p *play) tell(d *driver, t trip.Trip) {
	if t.Ticket != nil && p.once(d.name+" ticket") {
		p.gate.note(api.StageStepped{From: string(t.Ticket.Issuer), To: d.name, What: "ticket", Driver: d.name, Answer: t.Ticket.GrantedAt, Why: "ticket"})
		p.mu.Lock()
		if p.began.IsZero() {
			p.began = time.Now()
		}
		p.mu.Unlock()
	}
	name, ok := told[t.State]
	if !ok {
		return
	}
	key := d.name + " " + name
	if t.Decision != nil {
		key += " " + t.Decision.ExpiresAt.String() + string(rune('0'+t.Decision.Leg))
	}
	if p.once(key) {
		p.gate.note(api.StageStepped{From: string(d.company.id), To: d.name, What: name, Driver: d.name, Answer: string(t.State), Why: name})
	}
}

// lane is one company: its calendars of what the play is about, and its keys.
func (p *play) lane(ctx context.Context, id charging.CompanyID) api.StageCompany {
	c := p.company[id]
	lane := api.StageCompany{CompanyID: id, Status: "up", StoreAddr: c.store.Addr(), Calendars: []api.StageCalendar{}}
	calendars, err := p.calendars(ctx, id)
	switch {
	case err != nil || c.host() == "":
		lane.Status = "down"
	case p.isSilent(id):
		lane.Status = "silent"
	}
	evses := p.evsesOf(id)
	for _, e := range evses {
		shown := api.StageCalendar{EVSEID: e, LocationName: p.places[e].Name, City: p.places[e].City, Entries: []api.StageEntry{}}
		for _, c := range calendars {
			if c.EVSEID == e {
				shown.Entries = p.entries(c)
			}
		}
		lane.Calendars = append(lane.Calendars, shown)
	}
	lane.Keys = p.keys(ctx, c, evses)
	return lane
}

func (p *play) entries(c api.Calendar) []api.StageEntry {
	all := []api.StageEntry{}
	for _, b := range c.Entries {
		if !b.State.Holds() {
			continue
		}
		all = append(all, api.StageEntry{
			ReservationID: b.ReservationID, Driver: p.nameOf(b.TripID), State: b.State, Start: b.Start, End: b.End, ExpiresAt: b.ExpiresAt,
		})
	}
	return all
}

// calendars are what stands at a company's EVSEs on the day of the drive.
func (p *play) calendars(ctx context.Context, id charging.CompanyID) ([]api.Calendar, error) {
	c, err := p.company[id].operator()
	if err != nil {
		return nil, err
	}
	from := p.stops[0].Start.Add(-12 * time.Hour)
	all, err := c.Calendars(ctx, charging.Window{Start: from, End: from.Add(48 * time.Hour)}, "")
	return all.Calendars, err
}

// evsesOf are a company's EVSEs that the play is about: the plug that is contested, what the
// drivers' trips name, and before there are trips all of the drive.
func (p *play) evsesOf(id charging.CompanyID) []charging.EVSEID {
	var all []charging.EVSEID
	add := func(e charging.EVSEID) {
		if e.Company() == id && !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	add(p.stops[2].EVSEID)
	booked := false
	for _, d := range p.drivers {
		for _, l := range d.seen().Legs {
			booked = true
			add(l.EVSEID)
		}
	}
	for _, s := range p.stops {
		if !booked {
			add(s.EVSEID)
		}
	}
	return all
}

// others is who has something at the EVSE of a message, in the way of it; empty for
// nobody, and for a message that takes nothing.
func (p *play) others(s api.StageStepped) string {
	if s.EVSEID == "" || s.What == "confirm" || s.What == "preempted" {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookWithin)
	defer cancel()
	all, err := p.calendars(ctx, s.EVSEID.Company())
	if err != nil {
		return ""
	}
	for _, c := range all {
		if c.EVSEID != s.EVSEID {
			continue
		}
		for _, b := range c.Entries {
			if name := p.nameOf(b.TripID); b.State.Holds() && name != s.Driver {
				return name
			}
		}
	}
	return ""
}
