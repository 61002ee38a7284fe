package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/services/company/internal/carapi"
)

// mqttBroker is what a server needs of a broker, its own or one elsewhere.
type mqttBroker interface {
	carapi.Publisher
	Start() error
	Stop(ctx context.Context) error
	// Retained are the topics of the trips that are retained.
	Retained(ctx context.Context) ([]carlink.Topic, error)
	// Ready is nil while cars can be heard, else why not.
	Ready() error
	// Recheck ends the connections whose secret has been revoked; a broker
	// elsewhere cannot.
	Recheck()
	Stats() broker.Stats
	// Keeps says in words where sessions and retained messages are.
	Keeps() string
}

var (
	_ mqttBroker = (*broker.Broker)(nil)
	_ mqttBroker = (*broker.Remote)(nil)
)

// sharedBroker reports whether all servers of the company are at one broker.
func (a *App) sharedBroker() bool { return a.o.MQTTBroker != "" }

// newBroker makes the server's own broker, or its place on one elsewhere.
func (a *App) newBroker() (mqttBroker, error) {
	if a.sharedBroker() {
		o, err := a.remoteOptions()
		if err != nil {
			return nil, err
		}
		return broker.NewRemote(o)
	}
	o, err := a.brokerOptions()
	if err != nil {
		return nil, err
	}
	b, err := broker.New(o)
	if err != nil {
		return nil, err
	}
	a.rooms.embeddedBroker = b
	return b, nil
}

func (a *App) brokerOptions() (broker.Options, error) {
	o := broker.Options{
		Company: a.o.Company, ListenWebSocket: a.o.WebSocketAddr, Authenticate: a.login, StillGood: a.stillGood,
		Handler: a.hearCar, Overflow: a.refuseCar, MessageRate: a.o.MQTTRate, MaxClients: a.o.MQTTClients,
		Wrap: a.front.Listen, WrongLogin: newSampled(a.log.With().Str("room", "broker").Logger()).wrongLogin,
	}
	if a.o.DataDir != "" {
		o.Dir = filepath.Join(a.o.DataDir, "broker")
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

func (a *App) remoteOptions() (broker.RemoteOptions, error) {
	trust, err := a.o.TLS.roots()
	if err != nil {
		return broker.RemoteOptions{}, err
	}
	address, user, password, err := a.o.remoteBroker()
	return broker.RemoteOptions{
		Company: a.o.Company, URL: address, Username: user, Password: password, TLS: trust,
		Handler: a.hearCar, Overflow: a.refuseCar, MessageRate: a.o.MQTTRate,
		OnUp: a.restoreTrips, Logger: slog.New(slogTo{a.log.With().Str("room", "broker").Logger()}),
	}, err
}

// remoteBroker takes the address of a broker elsewhere apart.
func (o Options) remoteBroker() (address, user, password string, err error) {
	u, err := url.Parse(o.MQTTBroker)
	if err != nil || u.Host == "" {
		return "", "", "", fmt.Errorf("the broker elsewhere: want tcp://user@host:port, ssl://, ws:// or wss://")
	}
	user, password = u.User.Username(), o.MQTTPassword
	if p, ok := u.User.Password(); ok && password == "" {
		password = p
	}
	u.User = nil
	return u.String(), user, password, nil
}

// The cars' room is wired before the broker hears anybody.
func (a *App) hearCar(c broker.Client, t carlink.Topic, payload []byte) {
	a.rooms.cars.Handle(c, t, payload)
}

func (a *App) refuseCar(c broker.Client, t carlink.Topic, payload []byte) {
	a.rooms.cars.Overflow(c, t, payload)
}
