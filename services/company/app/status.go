package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Status is what a running server is made of.
type Status struct {
	Company   charging.CompanyID
	Name      string
	Locations int
	EVSEs     int
	// StoreKind is "redis-server", "miniredis" or "redis"; Loses says in a
	// sentence what it can lose.
	StoreKind, Loses string
}

// Status of the server; the store's part is empty before Start.
func (a *App) Status() Status {
	s := Status{Company: a.o.Company, Name: a.o.Name, Locations: len(a.offer.Load().Locations), EVSEs: a.offer.Load().EVSEs()}
	s.StoreKind, s.Loses = a.rooms.storeKind, a.rooms.storeLoses
	return s
}

// meetPoll is how often AwaitPeers looks.
const meetPoll = 20 * time.Millisecond

// AwaitPeers returns when the catalogue of every peer has been read, or says
// whose is missing when the context ends.
func (a *App) AwaitPeers(ctx context.Context) error {
	tick := time.NewTicker(meetPoll)
	defer tick.Stop()
	for {
		missing := a.neighbours.strangers()
		if len(missing) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s has not reached %s: %w", a.o.Company, strings.Join(missing, ", "), ctx.Err())
		case <-tick.C:
		}
	}
}
