package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/carapi"
	"github.com/eletrovia/eletrovia/services/company/internal/replicas"
)

// loginTimeout bounds how long finding out who a client is may take.
const loginTimeout = 5 * time.Second

// openBroker starts the MQTT server and what answers the cars behind it.
func (a *App) openBroker(context.Context) error {
	o, err := a.brokerOptions()
	if err != nil {
		return err
	}
	b, err := broker.New(o)
	if err != nil {
		return err
	}
	a.rooms.cars, err = carapi.New(carapi.Options{
		Self: a.o.Company, Desk: a.rooms.trips, Replies: a.rooms.store, Publisher: b, Now: a.o.Clock.Now,
		Telemetry: func(v charging.VehicleID, t carlink.Telemetry) {
			now := time.Now()
			a.rooms.hub.Publish(trip.EventCar, now, v, "", t)
			a.rooms.replicas.Tell(replicas.Message{Kind: replicas.Car, At: now, Vehicle: v}, t)
		},
		Warn: func(msg string, v charging.VehicleID, err error) {
			a.log.Warn().Str("room", "carapi").Str("vehicle", string(v)).Err(err).Msg(msg)
		},
	})
	if err != nil {
		return err
	}
	a.rooms.broker = b
	if err := b.Start(); err != nil {
		a.rooms.cars.Stop()
		return fmt.Errorf("MQTT cannot listen on %s: %w (stop what listens there, or choose another port)", a.o.MQTTAddr, err)
	}
	a.cleanups.add("broker", b.Stop)
	a.cleanups.add("cars", func(context.Context) error { a.rooms.cars.Stop(); return nil })
	return nil
}

func (a *App) brokerOptions() (broker.Options, error) {
	o := broker.Options{
		Company: a.o.Company, ListenWebSocket: a.o.WebSocketAddr, Authenticate: a.login,
		// The cars' room is wired before the broker listens.
		Handler:  func(c broker.Client, t carlink.Topic, payload []byte) { a.rooms.cars.Handle(c, t, payload) },
		Overflow: func(c broker.Client, t carlink.Topic, payload []byte) { a.rooms.cars.Overflow(c, t, payload) },
	}
	if a.o.TLS.MQTTCert == "" {
		o.Listen = a.o.MQTTAddr
		return o, nil
	}
	pair, err := tls.LoadX509KeyPair(a.o.TLS.MQTTCert, a.o.TLS.MQTTKey)
	if err != nil {
		return o, fmt.Errorf("TLS for MQTT: %w", err)
	}
	o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	o.ListenTLS, o.WebSocketTLS = a.o.MQTTAddr, o.ListenWebSocket != ""
	return o, nil
}

// login tells the broker who a client is.
func (a *App) login(user string, password []byte) (broker.Principal, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), loginTimeout)
	defer cancel()
	caller, err := a.rooms.identity.AuthenticateMQTT(ctx, user, string(password))
	return broker.Principal{Vehicle: caller.Vehicle, Company: caller.Peer}, err == nil
}

// MQTTAddr is host:port of the broker, with TLS where it has a certificate;
// empty before Start.
func (a *App) MQTTAddr() string {
	if a.rooms.broker == nil {
		return ""
	}
	if a.o.TLS.MQTTCert != "" {
		return addrOf(a.rooms.broker.TLSAddr())
	}
	return addrOf(a.rooms.broker.Addr())
}

// WebSocketAddr is host:port of MQTT over WebSocket; empty where there is none.
func (a *App) WebSocketAddr() string {
	if a.rooms.broker == nil || a.o.WebSocketAddr == "" {
		return ""
	}
	return addrOf(a.rooms.broker.WebSocketAddr())
}

func addrOf(addr net.Addr) string {
	if addr == nil {
		return ""
	}
	return addr.String()
}

// MQTTURL is where cars and peers reach the broker: what is advertised, or what
// is listened on.
func (a *App) MQTTURL() string {
	switch {
	case a.o.AdvertiseMQTT != "":
		return a.o.AdvertiseMQTT
	case a.o.TLS.MQTTCert != "":
		return "ssl://" + a.MQTTAddr()
	}
	return "tcp://" + a.MQTTAddr()
}
