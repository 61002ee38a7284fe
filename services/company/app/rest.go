package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/httpapi"
)

// openREST serves REST on the listener.
func (a *App) openREST(context.Context) error {
	r := &a.rooms
	server, err := httpapi.New(httpapi.Options{
		Company: a.o.Company, Name: a.o.Name, RESTURL: a.URL(), MQTTURL: a.MQTTURL(),
		FrontDesk: r.trips, Desk: r.desk, Identity: r.identity, Events: r.hub,
		Peers: a.peers, PublicKeys: r.keys.JWKS, PeerToken: r.credentials.Fresh, Revoked: r.store.Revoked, StoreTime: r.store.Time,
		Inventory: a.Inventory, ReloadInventory: a.ReloadInventory,
		Ready:   a.readyParts(),
		Metrics: a.metrics(), Log: a.log, RateLimit: a.o.RateLimit, Now: a.o.Clock.Now,
		Crowded: a.rooms.tripGate.Crowded, Stopping: a.stopping.Load,
	})
	if err != nil {
		return err
	}
	a.serveHTTP(&http.Server{Handler: server})
	a.cleanups.add("streams and waits", func(context.Context) error { server.Close(); return nil })
	return nil
}

// peers are the other companies in the form of the REST contract.
func (a *App) peers() []api.Peer {
	sites, evses := map[charging.CompanyID]int{}, map[charging.CompanyID]int{}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	locations, _ := a.rooms.federation.Locations(ctx)
	for _, l := range locations {
		sites[l.Company]++
		evses[l.Company] += len(l.EVSEs)
	}
	var out []api.Peer
	for _, v := range a.rooms.federation.Peers() {
		p := peerOf(v)
		p.Auth = a.authOf(v.ID)
		p.Locations, p.EVSEs, p.MQTT = sites[v.ID], evses[v.ID], a.linkTo(v.ID)
		out = append(out, p)
	}
	return out
}

// readyParts are what /readyz looks at; the clock is shown where it is not real
// time, so that whoever drives cars by it can set theirs.
func (a *App) readyParts() map[string]httpapi.Check {
	parts := map[string]httpapi.Check{"store": a.storeReady, "broker": a.brokerReady, "journal": a.journalReady, "serving": a.serving}
	if c := a.o.Clock; !c.real() {
		parts["clock"] = func(context.Context) (string, error) {
			return fmt.Sprintf("civil; %g times real time since %s", c.Speed, c.Epoch.UTC().Format(time.RFC3339Nano)), nil
		}
	}
	return parts
}

// storeReady says which store this is, and what it can lose.
func (a *App) storeReady(ctx context.Context) (string, error) {
	if err := a.rooms.store.Ping(ctx); err != nil {
		return "", err
	}
	if err := a.rooms.desk.Remembers(); err != nil {
		return "", err
	}
	return a.rooms.storeKind + "; can lose: " + a.rooms.storeLoses, nil
}

func (a *App) brokerReady(context.Context) (string, error) {
	if err := a.rooms.broker.Ready(); err != nil {
		return "", err
	}
	if a.rooms.embeddedBroker == nil {
		return "connected to " + a.MQTTAddr(), nil
	}
	return fmt.Sprintf("%d clients; %s", a.rooms.broker.Stats().Connected, a.rooms.broker.Keeps()), nil
}

// serving is false once the server is to stop.
func (a *App) serving(context.Context) (string, error) {
	if a.leaving.Load() {
		return "", errors.New("the server is stopping")
	}
	return fmt.Sprintf("with %d other servers of the company", a.rooms.replicas.Others()), nil
}

// journalReady writes nothing: the store's clock is what every step of the
// journal needs first.
func (a *App) journalReady(ctx context.Context) (string, error) {
	if _, err := a.rooms.store.Time(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d trips in flight", a.rooms.saga.InFlight()), nil
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
			if a.rooms.desk.Remembers() != nil {
				return 1
			}
			return 0
		}),
		gauge("store_recovery_waiting", "Originators that have not said yet what their trips hold here.", func() float64 {
			return float64(len(a.rooms.desk.Recovery().Waiting))
		}),
		gauge("orphaned_stops", "RESERVED stops whose originator does not know their trip.", func() float64 { return float64(len(a.rooms.desk.Orphans())) }),
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
