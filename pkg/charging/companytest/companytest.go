package companytest

import (
	"context"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Fixture is one company under test with an empty calendar, and the levers that
// a test needs beside its interface.
type Fixture struct {
	Company charging.Company
	// Sessions of the same company; nil leaves their tests out.
	Sessions charging.Sessions
	// Read gives a reservation's record as its origin may see it.
	Read func(ctx context.Context, id charging.ReservationID) (charging.Reservation, error)

	// Origin is the company that calls, as the company under test has
	// authenticated it. It must answer PENDING to every outcome, or be away.
	Origin charging.CompanyID
	// Other is another company of the federation, in whose name Origin may
	// not act.
	Other charging.CompanyID
	// EVSEs are at least two of one location, with MaxAhead of at least 7 days.
	EVSEs []charging.EVSEID
	// Terms of that location.
	Terms charging.Terms
	// IdleGrace of the EVSEs' tariff, which charges for idle minutes.
	IdleGrace time.Duration
	// Owners is true when the owner of an epoch reaches the company.
	Owners bool

	// Now is the company's civil clock; nil is time.Now.
	Now func() time.Time
	// Advance moves the civil clock on; nil leaves out what needs it.
	Advance func(t *testing.T, d time.Duration)
	// Expire lets the TTL of a CLAIMED or PENDING hold pass.
	Expire func(t *testing.T, id charging.ReservationID)
	// Ticket makes a ticket of Origin for a trip, by an issuer whose tickets
	// the company accepts. granted and expires are real time.
	Ticket func(t *testing.T, trip charging.TripID, granted, expires time.Time) string
	// Withdraw takes an EVSE out of service; Restore puts it back. Nil leaves
	// their tests out.
	Withdraw func(t *testing.T, evse charging.EVSEID, reason string)
	Restore  func(t *testing.T, evse charging.EVSEID)
	// Told waits until n preemption notices have been sent to Origin, or some
	// seconds have passed, and gives all there are; nil leaves that look out.
	Told func(t *testing.T, n int) []charging.Notice
}

// Factory gives a fresh company; it cleans up through t.
type Factory func(t *testing.T) Fixture

// Run runs the whole suite, each test on a company of its own.
func Run(t *testing.T, fresh Factory) {
	t.Helper()
	groups := []struct {
		name  string
		tests []test
	}{
		{"states", stateTests},
		{"repeats", repeatTests},
		{"requests", requestTests},
		{"priority", priorityTests},
		{"tickets", ticketTests},
		{"owners", ownerTests},
		{"sessions", sessionTests},
		{"plugs", plugTests},
		{"moves", moveTests},
		{"service", serviceTests},
		{"concurrency", concurrencyTests},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			for _, tt := range g.tests {
				t.Run(tt.name, func(t *testing.T) { tt.run(newBench(t, fresh(t))) })
			}
		})
	}
}

type test struct {
	name string
	run  func(*bench)
}
