package trip

import (
	"encoding/json"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Event is something that happened, as live views see it.
type Event struct {
	// ID grows by one with every event of a server; it resumes a stream.
	ID   uint64    `json:"id"`
	Type EventType `json:"type"`
	At   time.Time `json:"at"`
	// VehicleID is whose event it is; empty when it is everybody's or the
	// operators' alone.
	VehicleID charging.VehicleID `json:"vehicle_id,omitempty"`
	TripID    charging.TripID    `json:"trip_id,omitempty"`
	// Data is the trip, reservation, telemetry, peer and so on, as JSON.
	Data json.RawMessage `json:"data"`
}

// EventType names the kinds of events; they are the SSE event names.
type EventType string

// The kinds of events.
const (
	EventTrip        EventType = "trip"
	EventReservation EventType = "reservation"
	EventCar         EventType = "car"
	// EventReset says that events were missed: take a snapshot.
	EventReset EventType = "reset"
	EventPeer  EventType = "peer"
	// EventCars is a frame of many cars, EventOverview the company's figures, EventHistory
	// what a saga has written to its journal: for who chooses them.
	EventCars     EventType = "cars"
	EventOverview EventType = "overview"
	EventHistory  EventType = "history"
	// EventSnapshot begins a stream for which something was chosen, EventNow are its
	// heartbeats.
	EventSnapshot EventType = "snapshot"
	EventNow      EventType = "now"
	// EventCompany says to a vehicle whether another company, where it may have trips,
	// is heard: what happened while it was not is read again.
	EventCompany EventType = "company"
	// EventCalendar is a change of a calendar of the company's, for the operator alone.
	EventCalendar EventType = "calendar"
	// EventAudit is an act that was asked for, and then how it ended, for the operator
	// alone.
	EventAudit EventType = "audit"
	// EventMessage is what an operator has said to a vehicle's driver.
	EventMessage EventType = "message"
)
