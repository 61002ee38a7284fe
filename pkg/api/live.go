package api

import (
	"encoding/json"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// MaxBoxes bounds the boxes of one event stream.
const MaxBoxes = 8

// Clock tells which time it is, on a stream. Windows and what cars say of themselves are
// in civil time, all else in real time.
type Clock struct {
	// Now is real time.
	Now time.Time `json:"now"`
	// Clock is "real" where civil time is real time, else "civil".
	Clock string `json:"clock"`
	// Civil is civil time, which runs Speed times as fast as real time.
	Civil time.Time `json:"civil"`
	Speed float64   `json:"speed"`
}

// The words of Clock.
const (
	ClockReal  = "real"
	ClockCivil = "civil"
)

// Snapshot begins an event stream: how things are, of what the stream chose; the rest is
// absent.
type Snapshot struct {
	Clock
	// Cars is a full frame: {seq, full, vehicles, cars, gone}.
	Cars json.RawMessage `json:"cars,omitempty"`
	// Trips are the newest open ones, at most MaxSnapshotTrips, of TripsTotal.
	Trips      []trip.Trip `json:"trips,omitempty"`
	TripsTotal *int        `json:"trips_total,omitempty"`
	Peers      []Peer      `json:"peers,omitempty"`
	Overview   *Overview   `json:"overview,omitempty"`
}

// MaxSnapshotTrips is how many open trips a snapshot has; more are read as a list.
const MaxSnapshotTrips = 100

// Overview is a company in figures, of all its servers, as one of them has heard. What
// happened is counted since Since; states are as they are now.
type Overview struct {
	At time.Time `json:"at"`
	// Since is when this server began to count.
	Since time.Time `json:"since"`
	// Cars that were heard of in the last five minutes.
	Cars int `json:"cars"`
	// PlugsInUse are EVSEs with a car at the plug, of EVSEs.
	PlugsInUse int `json:"plugs_in_use"`
	EVSEs      int `json:"evses"`
	// Holds are the CLAIMED and PENDING reservations here.
	Holds int `json:"holds"`
	// Sagas are the open trips of this company by state.
	Sagas map[trip.State]int `json:"sagas"`
	// Streams are the open event streams of this server.
	Streams int `json:"streams"`
	// ReserveP95 is of the reserve calls of this company's trips in the last minute, at
	// whatever company, ms; nil where there was none.
	ReserveP95 *float64 `json:"reserve_p95_ms"`
	// ConflictsHour are reserves and claims that lost to another trip, CompensationsHour
	// stops that were released again, each in the last hour or since Since.
	ConflictsHour     int `json:"conflicts_per_hour"`
	CompensationsHour int `json:"compensations_per_hour"`
	// StepSeconds is between two points of History, which has 15 minutes at most.
	StepSeconds int     `json:"step_seconds"`
	History     History `json:"history"`
}

// History is an Overview's figures over time, the oldest first; all have as many points.
type History struct {
	Cars          []int      `json:"cars"`
	PlugsInUse    []int      `json:"plugs_in_use"`
	Holds         []int      `json:"holds"`
	Sagas         []int      `json:"sagas"` // open trips
	ReserveP95    []*float64 `json:"reserve_p95_ms"`
	Conflicts     []int      `json:"conflicts"`     // in the step
	Compensations []int      `json:"compensations"` // in the step
}

// Broker is a company's MQTT broker as one of its servers sees it. One elsewhere counts
// what passes through this server alone.
type Broker struct {
	At time.Time `json:"at"`
	// Elsewhere is true for a broker that is not this server's own.
	Elsewhere bool `json:"elsewhere"`
	// Clients are connected, Sessions may outlive their connection.
	Clients       int64 `json:"clients"`
	Sessions      int64 `json:"sessions"`
	Subscriptions int64 `json:"subscriptions"`
	Retained      int64 `json:"retained"`
	// InFlight are deliveries that wait for their acknowledgement, Backlog messages of
	// cars that wait to be handled.
	InFlight int64 `json:"in_flight"`
	Backlog  int64 `json:"backlog"`
	// InPerSecond and OutPerSecond are messages from and to clients over the last
	// seconds.
	InPerSecond  float64 `json:"messages_in_per_second"`
	OutPerSecond float64 `json:"messages_out_per_second"`
	// Dropped are messages that slow clients did not get, LetGo clients that were
	// disconnected because they do not read, Refused messages and logins by reason;
	// since the server started.
	Dropped int64            `json:"dropped"`
	LetGo   int64            `json:"let_go"`
	Refused map[string]int64 `json:"refused"`
	// SlowReaders are connected clients for whom something waits that they have not
	// read, those with most first, at most 50.
	SlowReaders []SlowReader `json:"slow_readers"`
	// Cars is a page of those that were heard of or are connected, the last heard first;
	// CarsTotal are all.
	Cars      []BrokerCar `json:"cars"`
	CarsTotal int         `json:"cars_total"`
}

// SlowReader is a client that lags behind what it is sent.
type SlowReader struct {
	// Who is a vehicle, a company, or "operator".
	Who          string `json:"who"`
	ClientID     string `json:"client_id"`
	PendingBytes int    `json:"pending_bytes"`
	InFlight     int    `json:"in_flight"`
}

// BrokerCar is a car at the broker.
type BrokerCar struct {
	VehicleID charging.VehicleID `json:"vehicle_id"`
	// Connected is whether it has a connection to this server's broker now; nil for a
	// broker elsewhere.
	Connected *bool `json:"connected"`
	// HeardAt is when it last reported, real time; nil for not since the server runs.
	HeardAt *time.Time `json:"heard_at"`
	// Last is what it said.
	Last *Sighting `json:"last"`
}

// Failure is a call that a peer did not answer, or with a 503.
type Failure struct {
	At     time.Time `json:"at"`
	Detail string    `json:"detail"`
}

// PeerKey is a key that a peer publishes.
type PeerKey struct {
	ID string `json:"key_id"`
	// Since is when this server has first seen it since it started.
	Since time.Time `json:"since"`
}
