package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// ErrStopped answers a Publish before Start or after Stop.
var ErrStopped = errors.New("broker: not running")

// Broker is one company's MQTT server. Its methods may be called from any
// goroutine.
type Broker struct {
	options  Options
	server   *mqtt.Server
	post     *post
	counters counters

	mu        sync.RWMutex
	running   bool
	ended     bool
	entrances map[string]*entrance
}

// New makes a broker that does not listen yet.
func New(o Options) (*Broker, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o.setDefaults()
	b := &Broker{options: o, entrances: map[string]*entrance{}}
	b.server = mqtt.New(&mqtt.Options{
		InlineClient: true, Logger: o.Logger, Capabilities: capabilities(o),
		// Nobody may read $SYS; each tick stops the world to read memory.
		SysTopicResendInterval: int64((24 * time.Hour).Seconds()),
	})
	if err := b.server.AddHook(newGuard(b), nil); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	b.post = newPost(o.Workers, o.Mailbox, o.Backlog, b.deliver)
	return b, nil
}

// capabilities are the server's limits.
func capabilities(o Options) *mqtt.Capabilities {
	c := mqtt.NewDefaultServerCapabilities()
	c.MaximumClients = int64(o.MaxClients)
	c.MaximumSessionExpiryInterval = uint32(min(o.SessionExpiry.Seconds(), 1<<31))
	c.MaximumPacketSize = carlink.MaxPayload + 1<<10 // and a topic
	// 8 bytes of memory each, whether used or not. Writing never waits, so this
	// queue is short; what waits for a slow client waits in conn.
	c.MaximumClientWritesPending = 512
	c.MaximumInflight = 1024
	// Retained trips last until their windows have passed, which may be a month
	// ahead.
	c.MaximumMessageExpiryInterval = int64((charging.MaxAhead + 10*charging.MaxWindow).Seconds())
	c.TopicAliasMaximum = 0
	c.SharedSubAvailable = 0
	return c
}

// Start opens every address and publishes the company's status. An error leaves
// nothing open. A broker starts once.
func (b *Broker) Start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running || b.ended {
		return errors.New("broker: a broker starts once")
	}
	if err := b.open(); err != nil {
		for _, e := range b.entrances {
			_ = e.listener.Close()
		}
		b.ended = true
		return err
	}
	if err := b.server.Serve(); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	b.running = true
	return b.publish(carlink.StatusTopic(b.options.Company), []byte(carlink.Online), 1, true)
}

// The names of the entrances.
const (
	plain       = "mqtt"
	secure      = "mqtts"
	webSocketed = "websocket"
)

func (b *Broker) open() error {
	o := b.options
	for _, want := range []struct {
		name, address string
		tls, ws       bool
	}{
		{plain, o.Listen, false, false},
		{secure, o.ListenTLS, true, false},
		{webSocketed, o.ListenWebSocket, o.WebSocketTLS, true},
	} {
		if want.address == "" {
			continue
		}
		l, err := net.Listen("tcp", want.address)
		if err != nil {
			return fmt.Errorf("broker: %s cannot listen on %s: %w", want.name, want.address, err)
		}
		if want.tls {
			l = tls.NewListener(l, o.TLS)
		}
		if want.ws {
			l = newWebSockets(l, o.ConnectTimeout)
		}
		e := &entrance{id: want.name, listener: l, connect: o.ConnectTimeout, write: o.WriteTimeout, open: map[*conn]struct{}{}}
		e.onSlow = func() { b.counters.letGo.Add(1) }
		b.entrances[want.name] = e
		if err := b.server.AddListener(e); err != nil {
			return fmt.Errorf("broker: %s: %w", want.name, err)
		}
	}
	return nil
}

// Stop publishes the company's status as offline, gives cars the answers that
// are under way, and ends every connection; when ctx ends first, it does not
// wait for answers. Stopping again does nothing.
func (b *Broker) Stop(ctx context.Context) error {
	b.mu.Lock()
	running := b.running
	b.running, b.ended = false, true
	b.mu.Unlock()
	if !running {
		return b.post.close(ctx)
	}
	late := b.post.close(ctx)
	b.sayOffline()
	closed := make(chan error, 1)
	go func() { closed <- b.server.Close() }()
	select {
	case err := <-closed:
		return errors.Join(late, err)
	case <-time.After(5 * farewell): // whatever ctx says: writes end with farewell
		return errors.Join(late, errors.New("broker: clients did not let go in time"))
	}
}

// sayOffline writes the status to its subscribers past their queues, which the
// stop throws away.
func (b *Broker) sayOffline() {
	topic := carlink.StatusTopic(b.options.Company)
	pk := packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish},
		TopicName:   topic, Payload: []byte(carlink.Offline), Created: time.Now().Unix(),
	}
	for id := range b.server.Topics.Subscribers(topic).Subscriptions {
		if cl, ok := b.server.Clients.Get(id); ok && !cl.Closed() {
			_ = cl.WritePacket(pk) // a peer that is gone sees that by itself
		}
	}
}

// Addr is the address of plain MQTT, or nil: its port is known after Start.
func (b *Broker) Addr() net.Addr { return b.addr(plain) }

// TLSAddr is the address of MQTT over TLS, or nil.
func (b *Broker) TLSAddr() net.Addr { return b.addr(secure) }

// WebSocketAddr is the address of MQTT over WebSocket, or nil.
func (b *Broker) WebSocketAddr() net.Addr { return b.addr(webSocketed) }

func (b *Broker) addr(name string) net.Addr {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if e := b.entrances[name]; e != nil {
		return e.listener.Addr()
	}
	return nil
}

// Publish sends a message to whoever has subscribed to its topic, as the
// company. It never waits for a client. An empty retained payload ends the
// retained message.
func (b *Broker) Publish(topic string, payload []byte, qos byte, retained bool) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if !b.running {
		return ErrStopped
	}
	return b.publish(topic, payload, qos, retained)
}

func (b *Broker) publish(topic string, payload []byte, qos byte, retained bool) error {
	if topic == "" || strings.ContainsAny(topic, "+#\x00") {
		return fmt.Errorf("broker: %q is no topic to publish on", topic)
	}
	if qos > 1 {
		return fmt.Errorf("broker: QoS %d on %s; the contract has 0 and 1", qos, topic)
	}
	if err := b.server.Publish(topic, payload, retained, qos); err != nil {
		return fmt.Errorf("broker: publishing on %s: %w", topic, err)
	}
	b.counters.published.Add(1)
	return nil
}

// Disconnect ends every connection of a principal, for one whose secret has
// been revoked. It may come back if Authenticate lets it.
func (b *Broker) Disconnect(p Principal) {
	prefix := p.session("")
	for id, cl := range b.server.Clients.GetAll() {
		if strings.HasPrefix(id, prefix) {
			go cl.Stop(packets.ErrNotAuthorized)
		}
	}
}

// deliver runs the handler; one that panics costs its message only.
func (b *Broker) deliver(l letter) {
	defer func() {
		if r := recover(); r != nil {
			b.counters.panics.Add(1)
			b.options.Logger.Error("handling a car's message panicked", "topic", l.topic.String(), "panic", r, "stack", string(debug.Stack()))
		}
	}()
	b.options.Handler(l.client, l.topic, l.payload)
}
