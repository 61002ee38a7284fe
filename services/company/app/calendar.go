package app

import (
	"encoding/json"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/replicas"
)

// showEntry tells the operator's streams here of an entry that has come to a calendar,
// has changed, or has left it.
func (n *news) showEntry(at time.Time, r charging.Reservation) {
	entry := api.BookingOf(r, "", at)
	n.rooms.hub.Publish(trip.EventCalendar, at, "", r.TripID, api.CalendarChange{EVSEID: r.EVSEID, Entry: &entry})
}

// serviceChanged tells the operator's streams, here and at the company's other servers,
// that an EVSE is out of service, or with an empty reason that it is back.
func (n *news) serviceChanged(evse charging.EVSEID, reason string) {
	now := time.Now()
	c := api.CalendarChange{EVSEID: evse, OutOfService: []api.Outage{}}
	if reason != "" {
		c.OutOfService = append(c.OutOfService, api.Outage{Start: n.o.Clock.Now().UTC().Truncate(time.Millisecond), Reason: reason})
	}
	n.rooms.hub.Publish(trip.EventCalendar, now, "", "", c)
	n.rooms.replicas.Tell(replicas.Message{Kind: replicas.Outage, At: now}, c)
}

// heardOutage shows what another server of the company has done to an EVSE.
func (n *news) heardOutage(m replicas.Message) {
	var c api.CalendarChange
	if json.Unmarshal(m.Data, &c) == nil {
		n.rooms.hub.Publish(trip.EventCalendar, m.At, "", "", c)
	}
}
