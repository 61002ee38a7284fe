// Package cheat is a company of a federation that does not keep to the contract. It is
// met as a peer is, by its own key, and tries what a competitor might: tickets
// with false stamps, claims without end, answers that are late, cut, wrong or lies, and
// the others' requests sent on as its own. It counts by name what it tried.
package cheat

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// Options of a Company.
type Options struct {
	// Self is what it is called.
	Self charging.CompanyID
	// Seed of all that it draws.
	Seed uint64
}

// Company is a cheat that listens on loopback.
type Company struct {
	o      Options
	keys   keys
	in     net.Listener
	server *http.Server
	http   *http.Client
	// quiet is true once it answers plainly and attacks no more.
	quiet atomic.Bool
	fence atomic.Int64

	mu    sync.Mutex
	rng   *rand.Rand
	stops map[charging.ReservationID]*api.Reservation // of others' trips, at its own EVSEs
	heard heard
	did   history.Cheat
	tally Tally
}

// Tally counts what a cheat tried, by name.
type Tally struct {
	// Tried by kind; Answered are the lies among its answers.
	Tried, Answered map[string]int
	// Believed are the claims by false stamps that were granted.
	Believed int
	// Granted are claims and reserves of its own trips that were, Confirmed those that
	// became RESERVED, Refused the others by code.
	Granted, Confirmed int
	Refused            map[charging.Code]int
}

// New starts to listen; whoever asks is answered plainly until Cheat.
func New(o Options) (*Company, error) {
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cheat: %w", err)
	}
	c := &Company{
		o: o, keys: newKeys(o.Seed), in: in, rng: rand.New(rand.NewPCG(o.Seed, 13)), http: &http.Client{Timeout: callTimeout},
		stops: map[charging.ReservationID]*api.Reservation{}, heard: heard{shown: map[charging.CompanyID]string{}},
		did:   history.Cheat{Company: o.Self, Through: map[charging.TripID]bool{}},
		tally: Tally{Tried: map[string]int{}, Answered: map[string]int{}, Refused: map[charging.Code]int{}},
	}
	c.quiet.Store(true)
	c.fence.Store(time.Now().UnixMicro())
	c.server = &http.Server{Handler: c.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = c.server.Serve(in) }()
	return c, nil
}

// URL is where the others reach it.
func (c *Company) URL() string { return "http://" + c.in.Addr().String() }

// Close ends it with its connections.
func (c *Company) Close() { _ = c.server.Close(); c.http.CloseIdleConnections() }

// Targets are whom a cheat attacks.
type Targets struct {
	// URLs of the others, by company.
	URLs map[charging.CompanyID]string
	// EVSEs of the others.
	EVSEs map[charging.CompanyID][]charging.EVSEID
	// Ahead is how far ahead their windows can be booked.
	Ahead time.Duration
	// Aim draws a window that honest drivers want now.
	Aim func(*rand.Rand) history.Slot
}

// Cheat attacks until the context ends; from then on it answers plainly.
func (c *Company) Cheat(ctx context.Context, t Targets) {
	c.quiet.Store(false)
	defer c.quiet.Store(true)
	var wg sync.WaitGroup
	mine := &own{}
	for n, attack := range []func(*attacker, context.Context){
		(*attacker).stamps, (*attacker).stamps,
		(*attacker).hoard, (*attacker).hoard, (*attacker).hoard, (*attacker).hoard, (*attacker).hoard, (*attacker).hoard,
		(*attacker).renew, (*attacker).replay,
	} {
		a := &attacker{c: c, t: t, rng: rand.New(rand.NewPCG(c.o.Seed, 1300+uint64(n))), peers: slices.Sorted(maps.Keys(t.URLs)), mine: mine, fits: map[charging.EVSEID]int{}}
		wg.Go(func() { attack(a, ctx) })
	}
	wg.Wait()
}

// Overhear tells the cheat of reservations of others, as if it had read the wire: it
// goes on to meddle with them.
func (c *Company) Overhear(all []history.Reservation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard.seen = all
}

// Did is what it has done so far.
func (c *Company) Did() (history.Cheat, Tally) {
	c.mu.Lock()
	defer c.mu.Unlock()
	did, tally := c.did, c.tally
	did.Stamps, did.Meddled, did.Through = slices.Clone(did.Stamps), slices.Clone(did.Meddled), maps.Clone(did.Through)
	tally.Tried, tally.Answered, tally.Refused = maps.Clone(tally.Tried), maps.Clone(tally.Answered), maps.Clone(tally.Refused)
	return did, tally
}

// Read keeps how much the cheat had of a company.
func (c *Company) Read(r history.Reading) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.did.Readings = append(c.did.Readings, r)
}

// draw is a number below n of the answers' own sequence.
func (c *Company) draw(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rng.IntN(n)
}

// tried counts an attempt.
func (c *Company) tried(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally.Tried[what]++
}

// lied counts an answer.
func (c *Company) lied(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally.Answered[what]++
}

// location is its only site, where others have theirs, too.
func (c *Company) location() api.Location {
	connector := []api.Connector{{ID: "1", Standard: "IEC_62196_T2_COMBO", PowerKW: 150, TariffID: "DC"}}
	l := api.Location{
		LocationID: charging.LocationID("BR*" + string(c.o.Self) + "*L0001"), CompanyID: c.o.Self, Name: "Posto do Lado", City: "Propriá", State: "SE",
		Lat: -10.2150, Lon: -36.8460, Tariffs: []api.Tariff{{ID: "DC", Currency: "BRL", PerKWh: 1.1}},
		Terms: api.BookingTerms{NoShowTimeout: 900, CancelUntil: 3600, EarlyPlug: 600, MaxAhead: 30 * 24 * 3600},
	}
	for _, id := range c.evses() {
		l.EVSEs = append(l.EVSEs, api.EVSE{EVSEID: id, Status: charging.StatusAvailable, Connectors: connector})
	}
	return l
}

// EVSEs that it offers.
func (c *Company) evses() []charging.EVSEID {
	var all []charging.EVSEID
	for _, n := range []string{"1", "2", "3"} {
		all = append(all, charging.EVSEID("BR*"+string(c.o.Self)+"*E000"+n+"*1"))
	}
	return all
}
