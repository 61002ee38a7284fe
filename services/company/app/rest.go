package app

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/httpapi"
	"github.com/eletrovia/eletrovia/services/web"
)

// openREST serves REST on the listener.
func (a *App) openREST(context.Context) error {
	r := &a.rooms
	messages, err := a.news.newCourier()
	if err != nil {
		return err
	}
	app, err := a.webApp()
	if err != nil {
		return err
	}
	server, err := httpapi.New(httpapi.Options{
		Company: a.o.Company, Name: a.o.Name, RESTURL: a.URL(), MQTTURL: a.MQTTURL(),
		Elsewhere: r.elsewhere, Rearrange: r.federation.Rearrange, Suspended: r.suspensions.reason,
		FrontDesk: r.trips, Desk: r.desk, Identity: r.identity, Events: r.hub, Audit: audit{r.store.Audit, a.news}, Messages: messages,
		Traffic: r.traffic, Overview: r.overview, Broker: a.carBroker.brokerNow, BrokerCars: a.carBroker.brokerCars, Clock: a.clocks, MaxStreams: a.o.Streams,
		Peers: a.neighbours.peers, PublicKeys: r.keys.JWKS, PeerToken: r.credentials.Fresh, Suspend: a.suspender.suspend, Revoked: a.trust.revokedNames, StoreTime: r.store.Time,
		ModelOf: r.identity.ModelOf, LastSeen: r.seen.last,
		Inventory: a.stock.view, ReloadInventory: a.stock.reload,
		Ready: a.health.readyParts(), RefusedPeer: a.trust.refusedPeer,
		Metrics: a.metrics(), Log: a.log, RateLimit: a.o.RateLimit, Now: a.o.Clock.Now,
		AllowOrigins: a.o.AllowOrigins, Crowded: a.rooms.tripGate.Crowded, Stopping: a.stopping.Load,
		Web: app, Stage: a.o.Stage, Apart: a.admin != nil, Trusted: a.o.TrustedProxies, WrongLogin: newSampled(a.log.With().Str("room", "rest").Logger()).wrongLogin,
	})
	if err != nil {
		return err
	}
	a.rooms.rest = server
	a.serveHTTP("REST", a.listener, server)
	if a.admin != nil {
		a.serveHTTP("the operator's REST", a.admin, server.Admin())
	}
	a.cleanups.add("streams and waits", func(context.Context) error { server.Close(); return nil })
	return nil
}

// peers are the other companies in the form of the REST contract.
func (n *neighbours) peers() []api.Peer {
	sites, evses := map[charging.CompanyID]int{}, map[charging.CompanyID]int{}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	locations, _ := n.rooms.federation.Locations(ctx)
	for _, l := range locations {
		sites[l.Company]++
		evses[l.Company] += len(l.EVSEs)
	}
	var out []api.Peer
	for _, v := range n.rooms.federation.Peers() {
		p := n.peerOf(v)
		p.Locations, p.EVSEs, p.MQTT = sites[v.ID], evses[v.ID], n.linkTo(v.ID)
		out = append(out, p)
	}
	return out
}

// metrics are the process's and the rooms' own, to which REST adds its own.
func (a *App) metrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "eletrovia", Name: name, Help: help}, value)
	}
	r.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("trips_in_flight", "Trips that run on this server.", func() float64 { return float64(a.rooms.saga.InFlight()) }),
		gauge("store_recovering", "1 while the store has lost its memory and nothing is granted.", func() float64 {
			if a.rooms.desk.DataLoss() != nil {
				return 1
			}
			return 0
		}),
		gauge("store_recovery_waiting", "Originators that have not said yet what their trips hold here.", func() float64 {
			return float64(len(a.rooms.desk.Recovery().Waiting))
		}),
		gauge("orphaned_stops", "RESERVED stops whose originator does not know their trip.", func() float64 { return float64(len(a.rooms.desk.Orphans())) }),
		gauge("peer_logins_refused_total", "Peer tokens that were refused here, over REST and MQTT.", func() float64 { return float64(a.rooms.refusals.all()) }),
		gauge("connections", "Connections of REST and MQTT.", func() float64 { return float64(a.front.Stats().Open) }),
		gauge("connections_strangers", "Those of them that have shown no secret.", func() float64 { return float64(a.front.Stats().Strangers) }),
		gauge("connections_closed_total", "Strangers' connections that had to give way.", func() float64 { return float64(a.front.Stats().Closed) }),
		gauge("connections_refused_total", "Connections that nobody could give way to.", func() float64 { return float64(a.front.Stats().Refused) }),
		newBrokerMetrics(a.rooms.broker.Stats), newPeerMetrics(a.rooms.federation.Peers),
		gauge("trips_admitted", "Trips that are being worked on, as admission counts them.", func() float64 { return float64(a.rooms.tripGate.Stats().Working) }),
		gauge("trips_admitted_limit", "How many trips may be worked on at a time now.", func() float64 { return float64(a.rooms.tripGate.Stats().Limit) }),
		gauge("trips_shed_total", "New trips that were turned away because there was too much to do.", func() float64 { return float64(a.rooms.tripGate.Stats().Refused) }),
		gauge("plans_shed_total", "Plans that were turned away because there was too much to do.", func() float64 { return float64(a.rooms.planGate.Stats().Refused) }),
		gauge("servers", "Servers of the company that share the store, this one included.", func() float64 { return float64(1 + a.rooms.replicas.Others()) }),
		gauge("cars_waiting", "Trips that cars wait for.", func() float64 { return float64(a.rooms.cars.Stats().Waiting) }),
		gauge("event_streams_lagged_total", "Event streams that were dropped because their readers lagged.", func() float64 {
			_, lagged := a.rooms.hub.Stats()
			return float64(lagged)
		}),
	)
	return r
}

// webApp is the web app of a directory that was named, or nil for the embedded one.
func (a *App) webApp() (*web.App, error) {
	if a.o.WebDir == "" {
		return nil, nil
	}
	app, err := web.In(a.o.WebDir)
	if err != nil {
		return nil, fmt.Errorf("web app: %w", err)
	}
	return &app, nil
}
