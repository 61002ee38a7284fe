package trip

import (
	"slices"
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Query selects trips of one originating company.
type Query struct {
	State     State
	VehicleID charging.VehicleID
	Stuck     bool
	// EVSEID and CompanyID want a stop there.
	EVSEID    charging.EVSEID
	CompanyID charging.CompanyID
	// From and To want a span that is partly between them; zero is no bound.
	From, To time.Time
	// Trouble wants trips that are in it.
	Trouble Trouble
	// Part is of the trip's id, or of one of its reservations', in lower case.
	Part   string
	Limit  int
	Offset int
	// After is the cursor that the page before has given; empty begins.
	After string
}

// PageAfter is the cursor of what follows a trip, in any list that is by when trips were
// made, newest first.
func PageAfter(made time.Time, id charging.TripID) string {
	return strconv.FormatInt(made.UnixMilli(), 10) + "." + string(id)
}

// Trouble is why a trip does not get on.
type Trouble string

// The kinds of trouble; none is empty.
const (
	// InStuck: a stop cannot be released, because its company does not acknowledge it.
	InStuck Trouble = "stuck"
	// InRetrying: it is booked anew after a refusal, or after no answer.
	InRetrying Trouble = "retrying"
)

// Valid reports whether it is one of the kinds.
func (t Trouble) Valid() bool { return t == InStuck || t == InRetrying }

// Trouble that the trip is in.
func (t Trip) Trouble() Trouble {
	switch {
	case t.Saga != nil && t.Saga.Stuck != nil:
		return InStuck
	case t.State != Reserving && t.State != Confirming:
		return ""
	case t.Problem != nil, t.Saga != nil && t.Saga.Restarts > 0,
		slices.ContainsFunc(t.Legs, func(l Leg) bool { return l.Problem != nil }):
		return InRetrying
	}
	return ""
}

// Admission is what is checked before a new trip is created.
type Admission struct {
	TripID    charging.TripID
	VehicleID charging.VehicleID
	Span      charging.Window
	// Key is the caller's idempotency key; Digest is a hash of the request.
	Key    string
	Digest string
	// Life is how long key and span are remembered.
	Life time.Duration
}
