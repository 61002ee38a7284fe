package federation

import (
	"context"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Caught counts the tickets of a peer that it cannot have given honestly, since this
// server started.
type Caught struct {
	Count int64
	// What the last one was, and when; empty before the first.
	What string
	At   time.Time
}

// caught are a peer's, with when they were last told to the operator.
type caught struct {
	Caught
	logged time.Time
}

// caughtLogged is how often a peer's are logged at most.
const caughtLogged = time.Minute

// Caught notes a ticket that a company cannot have given honestly. Nothing follows but
// that it is shown; of one that is no peer nothing is kept.
func (f *Federation) Caught(id charging.CompanyID, what string) {
	p := f.peers[id]
	if p == nil {
		return
	}
	now := time.Now()
	f.mu.Lock()
	all := &p.caught
	all.Count++
	all.What, all.At = what, now.UTC()
	tell, count := all.logged.IsZero() || now.Sub(all.logged) >= caughtLogged, all.Count
	if tell {
		all.logged = now
	}
	f.mu.Unlock()
	if tell {
		f.o.Log(fmt.Sprintf("%s was caught %d times since the start, lately: %s; eletrovia peers suspend %s ends what it holds here", id, count, what, id), nil)
	}
}

// Issued asks the issuer of a ticket whether it gave that stamp to that reservation.
// UNKNOWN_RESERVATION: it does not know it; UNKNOWN_ROUTE: it is of an edition that
// cannot be asked. Refuses like Company.
func (f *Federation) Issued(ctx context.Context, t charging.Ticket) (bool, error) {
	p := f.peers[t.Issuer]
	if p == nil {
		return false, charging.Refuse(charging.CodeUnknownEVSE, fmt.Sprintf("%q is no peer of this company", t.Issuer))
	}
	return call(ctx, p, f.o.CallTimeout, "ticket", func(ctx context.Context) (bool, error) { return p.remote.Issued(ctx, t) })
}
