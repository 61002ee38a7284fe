package federation

import (
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
)

// Drops is what was left out of a peer's answers since this server started: a
// record that is still wrong when it is read again counts again.
type Drops struct {
	Count int64 `json:"count"`
	// What the last one was, Why it was left out, and when; empty before the first.
	What string    `json:"what,omitempty"`
	Why  string    `json:"why,omitempty"`
	At   time.Time `json:"at,omitzero"`
}

// drops are a peer's, with when they were last told to the operator.
type drops struct {
	Drops
	logged time.Time
}

// dropsLogged is how often a peer's dropped records are logged at most.
const dropsLogged = time.Minute

func (p *peer) drop(d api.Drop) {
	now := time.Now()
	p.f.mu.Lock()
	all := &p.drops
	all.Count += int64(max(1, d.Records))
	all.What, all.Why, all.At = d.What, d.Why, now.UTC()
	tell, count := all.logged.IsZero() || now.Sub(all.logged) >= dropsLogged, all.Count
	if tell {
		all.logged = now
	}
	p.f.mu.Unlock()
	if tell {
		p.f.o.Log(fmt.Sprintf("%d records of %s were dropped since the start, lately %s: %s; its operator should mend them", count, p.ID, d.What, d.Why), nil)
	}
}
