package api

import "time"

// What a caller may do, as SessionResponse says it.
const (
	// MayPlan: plans, places, models, locations and their free windows.
	MayPlan = "plan"
	// MayReadTrips: a vehicle its own, an operator those of its company; with their
	// events.
	MayReadTrips = "read_trips"
	// MayBook: a vehicle books, decides, swaps and cancels, for itself.
	MayBook = "book"
	// MayOperate: what is for the company's operator alone.
	MayOperate = "operate"
	// MayEndSessions: lists and ends its own sessions.
	MayEndSessions = "end_sessions"
	// MayFederate: the federation API.
	MayFederate = "federate"
)

// OpenSession is a session of the caller's.
type OpenSession struct {
	// SessionID names it in DELETE /api/v1/sessions/{session_id}; it opens nothing.
	SessionID string    `json:"session_id"`
	OpenedAt  time.Time `json:"opened_at"`
	ExpiresAt time.Time `json:"expires_at"`
	// Current is the one that asks.
	Current bool `json:"current"`
}
