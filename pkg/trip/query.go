package trip

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Query selects trips of one originating company.
type Query struct {
	State     State
	VehicleID charging.VehicleID
	Stuck     bool
	Limit     int
	Offset    int
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
