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
	"github.com/eletrovia/eletrovia/services/company/internal/door"
)

// carBroker makes the broker, and shows it.
type carBroker struct {
	*core
	trust *trust
	news  *news
	front *door.Door
}

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
func (c *core) sharedBroker() bool { return c.o.MQTTBroker != "" }

// newBroker makes the server's own broker, or its place on one elsewhere.
func (m *carBroker) newBroker() (mqttBroker, error) {
	if m.sharedBroker() {
		o, err := m.remoteOptions()
		if err != nil {
			return nil, err
		}
		return broker.NewRemote(o)
	}
	o, err := m.brokerOptions()
	if err != nil {
		return nil, err
	}
	b, err := broker.New(o)
	if err != nil {
		return nil, err
	}
	m.rooms.embeddedBroker = b
	return b, nil
}

func (m *carBroker) brokerOptions() (broker.Options, error) {
	o := broker.Options{
		Company: m.o.Company, ListenWebSocket: m.o.WebSocketAddr, Authenticate: m.trust.login, StillGood: m.trust.stillGood,
		Handler: m.hearCar, Overflow: m.refuseCar, MessageRate: m.o.MQTTRate, MaxClients: m.o.MQTTClients,
		Wrap: m.front.Listen, WrongLogin: newSampled(m.log.With().Str("room", "broker").Logger()).wrongLogin,
	}
	if m.o.DataDir != "" {
		o.Dir = filepath.Join(m.o.DataDir, "broker")
	}
	if m.o.TLS.MQTTCert == "" {
		o.Listen = m.o.MQTTAddr
		return o, nil
	}
	pair, err := tls.LoadX509KeyPair(m.o.TLS.MQTTCert, m.o.TLS.MQTTKey)
	if err != nil {
		return o, fmt.Errorf("TLS for MQTT: %w", err)
	}
	o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	o.ListenTLS, o.WebSocketTLS = m.o.MQTTAddr, o.ListenWebSocket != ""
	return o, nil
}

func (m *carBroker) remoteOptions() (broker.RemoteOptions, error) {
	trust, err := m.o.TLS.roots()
	if err != nil {
		return broker.RemoteOptions{}, err
	}
	address, user, password, err := m.o.remoteBroker()
	return broker.RemoteOptions{
		Company: m.o.Company, URL: address, Username: user, Password: password, TLS: trust,
		Handler: m.hearCar, Overflow: m.refuseCar, MessageRate: m.o.MQTTRate,
		OnUp: m.news.restoreTrips, Logger: slog.New(slogTo{m.log.With().Str("room", "broker").Logger()}),
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
func (m *carBroker) hearCar(c broker.Client, t carlink.Topic, payload []byte) {
	m.rooms.cars.Handle(c, t, payload)
}

func (m *carBroker) refuseCar(c broker.Client, t carlink.Topic, payload []byte) {
	m.rooms.cars.Overflow(c, t, payload)
}
