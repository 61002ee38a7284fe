package app

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/carapi"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// loginTimeout bounds how long finding out who a client is may take.
const loginTimeout = 5 * time.Second

// openBroker starts the MQTT server, or connects to one elsewhere, and what
// answers the cars behind it.
func (a *App) openBroker(context.Context) error {
	b, err := a.carBroker.newBroker()
	if err != nil {
		return err
	}
	a.rooms.cars, err = carapi.New(carapi.Options{
		Self: a.o.Company, Desk: a.rooms.trips, Elsewhere: a.rooms.elsewhere, Replies: a.rooms.store, Publisher: b, Now: a.o.Clock.Now,
		Shared: a.sharedBroker(), Telemetry: a.news.reported,
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
		return fmt.Errorf("MQTT cannot start on %s: %w (stop what listens there, or choose another port)", a.o.MQTTAddr, err)
	}
	a.cleanups.add("broker", b.Stop)
	a.cleanups.add("cars", func(context.Context) error { a.rooms.cars.Stop(); return nil })
	a.log.Info().Str("room", "broker").Msg("MQTT keeps " + b.Keeps())
	return nil
}

// login tells the broker who a client is.
func (t *trust) login(user string, password []byte) (broker.Principal, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), loginTimeout)
	defer cancel()
	caller, err := t.rooms.identity.AuthenticateMQTT(ctx, user, string(password))
	if id := charging.CompanyID(user); err != nil && id.Validate() == nil {
		t.refusedPeer(id, "")
	}
	if err == nil {
		t.rooms.elsewhere.Came(caller)
	}
	login := caller.Login()
	if caller.Peer != "" {
		login = companyLogin + string(caller.Peer)
	}
	return broker.Principal{Vehicle: caller.Vehicle, Company: caller.Peer, Operator: caller.Kind == identity.Operator, Login: login}, err == nil && t.stillGood(login)
}

// MQTTAddr is host:port of the broker, with TLS where it has a certificate;
// empty before Start.
func (c *core) MQTTAddr() string {
	if c.o.MQTTBroker != "" {
		address, _, _, _ := c.o.remoteBroker() // judged at the start
		_, host, _ := strings.Cut(address, "://")
		return host
	}
	if c.rooms.embeddedBroker == nil {
		return ""
	}
	if c.o.TLS.MQTTCert != "" {
		return addrOf(c.rooms.embeddedBroker.TLSAddr())
	}
	return addrOf(c.rooms.embeddedBroker.Addr())
}

// WebSocketAddr is host:port of MQTT over WebSocket; empty where there is none.
func (c *core) WebSocketAddr() string {
	if c.rooms.embeddedBroker == nil || c.o.WebSocketAddr == "" {
		return ""
	}
	return addrOf(c.rooms.embeddedBroker.WebSocketAddr())
}

func addrOf(addr net.Addr) string {
	if addr == nil {
		return ""
	}
	return addr.String()
}

// MQTTURL is where cars and peers reach the broker: what is advertised, or what
// is listened on.
func (c *core) MQTTURL() string {
	switch {
	case c.o.AdvertiseMQTT != "":
		return c.o.AdvertiseMQTT
	case c.o.MQTTBroker != "":
		address, _, _, _ := c.o.remoteBroker() // judged at the start
		return address
	case c.o.TLS.MQTTCert != "":
		return "ssl://" + c.MQTTAddr()
	}
	return "tcp://" + c.MQTTAddr()
}
