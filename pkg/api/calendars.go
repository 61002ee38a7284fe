package api

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Booking is what stands in a calendar, as the EVSE's owner sees it, whoever booked.
// In a calendar event Gone says that it stands there no more.
type Booking struct {
	ReservationID charging.ReservationID `json:"reservation_id"`
	EVSEID        charging.EVSEID        `json:"evse_id,omitempty"`
	LocationID    charging.LocationID    `json:"location_id,omitempty"`
	State         charging.State         `json:"state"`
	Start         time.Time              `json:"start,omitzero"`
	End           time.Time              `json:"end,omitzero"`
	// ExpiresAt is when a hold lapses, in real time by the server's clock; TTLMillis is
	// what its lock has left.
	ExpiresAt time.Time          `json:"expires_at,omitzero"`
	TTLMillis int64              `json:"ttl_ms,omitempty"`
	TripID    charging.TripID    `json:"trip_id,omitempty"`
	Origin    charging.CompanyID `json:"origin,omitempty"`
	Leg       int                `json:"leg,omitempty"`
	VehicleID charging.VehicleID `json:"vehicle_id,omitempty"`
	PluggedIn bool               `json:"plugged_in"`
	Settled   bool               `json:"settled,omitempty"`
	Reason    string             `json:"reason,omitempty"`
	Session   *charging.Session  `json:"session,omitempty"`
	Fence     int64              `json:"fence,omitempty"`
	Gone      bool               `json:"gone,omitempty"`
}

// Outage is a time during which an EVSE is out of service; without an end it goes on.
type Outage struct {
	Start  time.Time `json:"start,omitzero"`
	End    time.Time `json:"end,omitzero"`
	Reason string    `json:"reason"`
}

// Calendar is what stands in one EVSE's calendar.
type Calendar struct {
	EVSEID       charging.EVSEID     `json:"evse_id"`
	LocationID   charging.LocationID `json:"location_id"`
	LocationName string              `json:"location_name"`
	Status       charging.EVSEStatus `json:"status"`
	StatusSince  time.Time           `json:"status_since,omitzero"`
	StatusReason string              `json:"status_reason,omitempty"`
	Entries      []Booking           `json:"entries"`
	OutOfService []Outage            `json:"out_of_service"`
}

// Calendars answers GET /api/v1/calendars. Now is real time, in which holds lapse;
// CivilNow is the time in which windows lie.
type Calendars struct {
	Now       time.Time  `json:"now"`
	CivilNow  time.Time  `json:"civil_now"`
	From      time.Time  `json:"from"`
	To        time.Time  `json:"to"`
	Calendars []Calendar `json:"calendars"`
}

// DryRun answers PUT /api/v1/evses/{evse_id}/status?dry_run=true: what was asked, and
// the bookings that would be lost by it.
type DryRun struct {
	EVSEStatusRequest
	Bookings []Booking `json:"bookings"`
}

// BookingOf shows a reservation at its EVSE's owner; now is real time.
func BookingOf(r charging.Reservation, at charging.LocationID, now time.Time) Booking {
	b := Booking{
		ReservationID: r.ID, EVSEID: r.EVSEID, LocationID: at, State: r.State, Start: r.Window.Start, End: r.Window.End,
		TripID: r.TripID, Origin: r.Origin, Leg: r.Leg, VehicleID: r.VehicleID, PluggedIn: r.State == charging.Charging,
		Settled: r.Settled, Reason: r.Reason, Session: r.Session, Fence: r.Fence, Gone: !r.State.Holds(),
	}
	if r.TTL > 0 {
		b.TTLMillis, b.ExpiresAt = r.TTL.Milliseconds(), now.Add(r.TTL).UTC().Truncate(time.Millisecond)
	}
	return b
}

// CalendarOf shows an EVSE's calendar at an instant of real and of civil time.
func CalendarOf(a charging.Agenda, now, civil time.Time) Calendar {
	c := Calendar{
		EVSEID: a.EVSEID, LocationID: a.Location, LocationName: a.Name, StatusReason: a.OutOfService,
		Entries: make([]Booking, 0, len(a.Entries)), OutOfService: []Outage{},
	}
	c.Status, c.StatusSince = a.Status(civil)
	if a.OutOfService != "" {
		c.OutOfService = append(c.OutOfService, Outage{Start: a.OutSince, Reason: a.OutOfService})
	}
	for _, r := range a.Entries {
		c.Entries = append(c.Entries, BookingOf(r, a.Location, now))
	}
	return c
}

// CalendarChange is the data of a calendar event: an entry that has come, changed or
// gone, or the times at which the EVSE is out of service (empty: it is back).
type CalendarChange struct {
	EVSEID       charging.EVSEID `json:"evse_id,omitempty"`
	Entry        *Booking        `json:"entry,omitempty"`
	OutOfService []Outage        `json:"out_of_service,omitzero"`
}
