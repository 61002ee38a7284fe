package app

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/services/company/internal/admission"
	"github.com/eletrovia/eletrovia/services/company/internal/booking"
	"github.com/eletrovia/eletrovia/services/company/internal/carapi"
	"github.com/eletrovia/eletrovia/services/company/internal/desk"
	"github.com/eletrovia/eletrovia/services/company/internal/driven"
	"github.com/eletrovia/eletrovia/services/company/internal/elsewhere"
	"github.com/eletrovia/eletrovia/services/company/internal/events"
	"github.com/eletrovia/eletrovia/services/company/internal/federation"
	"github.com/eletrovia/eletrovia/services/company/internal/frames"
	"github.com/eletrovia/eletrovia/services/company/internal/httpapi"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
	"github.com/eletrovia/eletrovia/services/company/internal/overview"
	"github.com/eletrovia/eletrovia/services/company/internal/peerlink"
	"github.com/eletrovia/eletrovia/services/company/internal/replicas"
	"github.com/eletrovia/eletrovia/services/company/internal/roadside"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
	"github.com/eletrovia/eletrovia/services/company/internal/store/embedded"
	"github.com/eletrovia/eletrovia/services/company/internal/trips"
)

// rooms are what a server consists of, once it is started.
type rooms struct {
	embedded                         *embedded.Store
	storeAddr, storeKind, storeLoses string

	store    *store.Store
	settings storeSettings
	refusals refusals
	// suspensions are the operator's words about peers; resuspend asks for a look at them.
	suspensions suspensions
	resuspend   chan struct{}
	keys        *identity.Keys
	ring        *identity.Ring
	tickets     *identity.Tickets
	// credentials are what this company shows to its peers.
	credentials *identity.Credentials
	revoked     *identity.Revocations
	recheck     chan struct{} // asks for the cars' logins to be judged anew
	identity    *identity.Service
	hub         *events.Hub
	traffic     *frames.Traffic
	overview    *overview.Board
	tally       tally
	federation  *federation.Federation
	desk        *desk.Desk
	mark        *store.Incarnation
	saga        *booking.Coordinator
	trips       *trips.Service
	elsewhere   *elsewhere.Trips
	broker      mqttBroker
	// embeddedBroker is the same where it is this server's own.
	embeddedBroker *broker.Broker
	cars           *carapi.API
	advisor        *trips.Advisor
	roadside       *roadside.Watch
	driven         *driven.Book
	coalescer      coalescer
	seen           sightings
	replicas       *replicas.Link
	rest           *httpapi.Server
	// tripGate and planGate let new work in.
	tripGate, planGate *admission.Gate
	// link hears what the peers' brokers say.
	link atomic.Pointer[peerlink.Link]
	// again asks for the retained trips once more.
	again chan struct{}
	// server names this life of this server among the company's.
	server string
}

var _ trips.Catalogue = (*federation.Federation)(nil)

// wire builds the rooms, each from those before it, and starts what runs by
// itself. Whatever it starts it names in the clean-ups first.
func (a *App) wire(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		a.openStore, a.stock.open, a.openHub, a.openReplicas, a.openIdentity, a.shareKeys, a.openFederation, a.openDesk, a.openSaga,
		a.openRoadside, a.openBroker, a.run, a.openREST, a.openPeers, a.drainFirst,
	} {
		if err := step(ctx); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) openHub(context.Context) error {
	a.rooms.hub, a.rooms.traffic = events.NewHubAt(time.Now(), 0), frames.New()
	var err error
	a.rooms.overview, err = overview.New(a.overviewOptions())
	return err
}

func (a *App) openFederation(context.Context) error {
	trust, err := a.o.TLS.roots()
	if err != nil {
		return err
	}
	shared := client.NewHTTP(trust)
	var peers []federation.Peer
	for _, p := range a.o.Peers {
		peers = append(peers, federation.Peer{ID: p.ID, BaseURL: p.URL, Token: a.trust.shows(p)})
	}
	a.rooms.federation, err = federation.New(federation.Options{
		Self: a.o.Company, Peers: peers, Dial: federation.DialREST(a.o.Company, shared),
		Now: a.storeTime, Log: a.tell("federation"), CallTimeout: a.o.Timings.CallTimeout, RefreshEvery: a.o.Timings.Refresh,
		OnPeer: a.neighbours.showPeer, OnInfo: a.trust.revokedAt, Suspended: a.rooms.suspensions.reason,
	})
	a.cleanups.add("connections to peers", func(context.Context) error { shared.CloseIdleConnections(); return nil })
	return err
}

// storeTime is Redis TIME, by which tickets are dated; this machine's clock
// while the store is away.
func (c *core) storeTime() time.Time {
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if t, err := c.rooms.store.Time(ctx); err == nil {
		return t
	}
	return time.Now()
}

func (a *App) openDesk(ctx context.Context) (err error) {
	if err := a.openMark(); err != nil {
		return err
	}
	inv := a.stock.settled.desk
	a.rooms.desk, err = desk.New(desk.Options{
		Company: a.o.Company, Locations: inv.Locations, Homes: inv.Homes, Left: inv.Left,
		Calendar: a.rooms.store, Tickets: a.rooms.tickets, Originators: a.rooms.federation, Garages: a.rooms.federation, Skewed: a.rooms.federation.Skewed,
		Ahead: a.rooms.federation.Ahead, AcceptedLife: a.o.AcceptedTicketLife, Suspended: a.rooms.suspensions.of,
		Caught: a.rooms.federation.Caught, AskIssuer: a.rooms.federation.Issued,
		Limits: *a.o.Limits, Known: func(v charging.VehicleID) bool { return a.o.Vehicles[v] != "" },
		Clock: a.o.Clock.Now, Log: a.tell("desk"),
		OnChange: a.news.calendarChanged, OnService: a.news.serviceChanged, LossDetector: a.rooms.mark, Witnesses: a.rooms.federation,
	})
	if err != nil {
		return err
	}
	// What the operator has said counts from the first request on.
	if listed, err := a.rooms.store.Suspended(ctx); err == nil { // else the watch hears of it
		for _, w := range listed {
			a.rooms.suspensions.hear(w)
		}
	}
	return a.rooms.desk.CheckForLoss(ctx)
}

func (a *App) openSaga(context.Context) (err error) {
	o := a.o.sagaOptions()
	o.Owner = a.rooms.server
	advisor := &trips.Advisor{Network: road.Default(), Catalogue: a.rooms.federation, Now: a.o.Clock.Now}
	a.rooms.advisor = advisor
	o.Journal, o.Companies, o.Alternatives = a.rooms.store, a.rooms.federation, advisor
	o.ReserveSpan = trips.ReserveSpan(a.rooms.store, a.o.Clock.Now)
	o.CancelableUntil, o.Now = trips.CancelableUntil(a.rooms.federation), a.o.Clock.Now
	o.Inbox, o.Notify, o.Parked = a.rooms.store, a.news.ring, a.news.handOver
	o.Publish, o.Steps = a.news.tripChanged, a.news.stepped
	o.Warn = a.tellOfTrip("saga")
	if a.rooms.saga, err = booking.New(o); err != nil {
		return err
	}
	a.rooms.tripGate, a.rooms.planGate = admission.New(admission.Options{}), admission.New(admission.Options{})
	if a.rooms.driven, err = driven.New(a.rooms.store, a.tellOfTrip("driven")); err != nil {
		return err
	}
	a.rooms.trips, err = trips.New(trips.Options{
		Self: a.o.Company, Records: a.rooms.store, Sagas: a.rooms.saga, Catalogue: a.rooms.federation,
		Advisor: advisor, Models: a.rooms.identity, Now: a.o.Clock.Now, Trips: a.rooms.tripGate, Plans: a.rooms.planGate,
		Driven: a.rooms.driven,
	})
	if err != nil {
		return err
	}
	a.rooms.federation.Attach(a.rooms.desk, trips.Near{Service: a.rooms.trips})
	a.rooms.elsewhere, err = elsewhere.New(elsewhere.Options{
		Peers: a.rooms.federation, Vouch: a.rooms.identity.Vouch, Held: a.rooms.desk.Held, Sink: a.rooms.hub,
	})
	if err == nil {
		a.cleanups.add("what happens elsewhere", func(context.Context) error { a.rooms.elsewhere.Close(); return nil })
	}
	return err
}

// run starts what works by itself: from here on trips of an earlier life are
// taken over, and peers are watched.
func (a *App) run(context.Context) error {
	a.background("federation", a.rooms.federation.Run)
	a.background("revocations", a.trust.watchRevocations)
	a.background("keys", a.trust.watchKeys)
	a.background("suspensions", a.suspender.watchSuspensions)
	a.trust.warnOfTokens()
	a.trust.warnOfPlain()
	a.background("desk", a.rooms.desk.Run)
	a.background("store settings", a.health.watchSettings)
	a.background("inventory", a.stock.keep)
	a.background("saga", a.rooms.saga.Run)
	a.background("lists of trips", func(ctx context.Context) {
		a.rooms.store.KeepLists(ctx, func(msg string, err error) { a.log.Warn().Str("room", "store").Err(err).Msg(msg) })
	})
	a.background("what was driven", a.rooms.driven.Run) // ends after those whom it hears from
	a.background("roadside", a.rooms.roadside.Run)
	a.background("replicas", a.rooms.replicas.Run)
	a.background("frames of cars", a.rooms.traffic.Run)
	a.background("overview", a.rooms.overview.Run)
	a.background("broker's rates", func(ctx context.Context) { a.rooms.tally.run(ctx, a.rooms.broker.Stats) })
	a.background("coalescer", func(ctx context.Context) { a.rooms.coalescer.run(ctx, a.rooms.cars.EVSEChanged) })
	a.background("retained trips", a.news.keepRetained)
	return nil
}

// drainFirst makes the end of the trips in flight the first thing of a stop,
// while REST still serves the peers that they need; then streams end, so that
// REST can. Before all that whoever spreads requests over several servers is
// given the time to see in /readyz that this one goes.
func (a *App) drainFirst(context.Context) error {
	a.cleanups.add("streams", func(context.Context) error { a.rooms.hub.Close(); return nil })
	a.cleanups.add("trips in flight", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, a.o.Timings.Drain)
		defer cancel()
		a.stopping.Store(true)
		a.rooms.saga.Drain(ctx)
		return nil
	})
	a.cleanups.add("notice", func(ctx context.Context) error {
		a.leaving.Store(true)
		if a.rooms.replicas.Others() == 0 {
			return nil // there is nobody else to ask
		}
		select {
		case <-ctx.Done():
		case <-time.After(a.o.Timings.Notice):
		}
		return nil
	})
	return nil
}

// newOwner names one life of one server, so that its writes can be told from
// those of the life before.
func newOwner(id charging.CompanyID) (string, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return string(id) + "-" + hex.EncodeToString(b[:]), nil
}

// tell is a room's way to say what an operator should know.
func (c *core) tell(room string) func(string, error) {
	return func(msg string, err error) { c.log.Warn().Str("room", room).Err(err).Msg(msg) }
}

// tellOfTrip is a room's way to say what an operator should know of a trip.
func (c *core) tellOfTrip(room string) func(string, charging.TripID, error) {
	return func(msg string, id charging.TripID, err error) {
		c.log.Warn().Str("room", room).Str("trip", string(id)).Err(err).Msg(msg)
	}
}

// roots are the authorities of the peers' certificates; nil for the system's.
func (t TLS) roots() (*tls.Config, error) {
	if t.CA == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, fmt.Errorf("TLS authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("TLS authority: no certificate (PEM) in %s", t.CA)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, nil
}

// strangers are the peers whose catalogue has not been read yet.
func (n *neighbours) strangers() []string {
	var missing []string
	for _, v := range n.rooms.federation.Peers() {
		if v.LocationsAgeMs < 0 {
			missing = append(missing, string(v.ID))
		}
	}
	return missing
}

// StoreAddr is host:port of the company's Redis; empty before Start.
func (c *core) StoreAddr() string { return c.rooms.storeAddr }

// StorePassword is the file with the password of the embedded store; empty where
// there is none.
func (c *core) StorePassword() string {
	if c.rooms.embedded == nil {
		return ""
	}
	return c.rooms.embedded.PasswordFile()
}
