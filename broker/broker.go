package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
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
	options    Options
	server     *mqtt.Server
	guard      *guard
	dispatcher *dispatcher
	counters   counters
	stores     []mqtt.Hook   // what keeps sessions and retained messages
	stopping   chan struct{} // closed when Stop begins

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
	b := &Broker{options: o, entrances: map[string]*entrance{}, stopping: make(chan struct{})}
	b.server = mqtt.New(&mqtt.Options{
		InlineClient: true, Logger: o.Logger, Capabilities: capabilities(o),
		SysTopicResendInterval: max(1, int64(o.SysInterval.Seconds())),
	})
	if !lookSeldom(b.server, expiryEvery) {
		o.Logger.Warn("the library looks at all retained messages every second: slow with many open trips")
	}
	b.guard = newGuard(b)
	if err := b.server.AddHook(b.guard, nil); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	b.dispatcher = newDispatcher(o, &b.counters, b.deliver)
	return b, nil
}

// maxPacket bounds a packet, in bytes: twice what is taken, and a topic.
const maxPacket = 2*carlink.MaxPayload + 1<<10

// capabilities are the server's limits.
func capabilities(o Options) *mqtt.Capabilities {
	c := mqtt.NewDefaultServerCapabilities()
	c.MaximumClients = int64(o.MaxClients)
	c.MaximumSessionExpiryInterval = uint32(min(o.SessionExpiry.Seconds(), 1<<31))
	// A payload above the contract's bound, within reason, is answered rather
	// than cut off: a client that is cut off would send it again for ever.
	c.MaximumPacketSize = maxPacket
	// 8 bytes of memory each, whether used or not. Writing never waits, so this
	// queue is short; what waits for a slow client waits in conn.
	c.MaximumClientWritesPending = 512
	c.MaximumInflight = uint16(o.MaxInflight)
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
	if err := b.begin(); err != nil {
		for _, e := range b.entrances {
			_ = e.listener.Close()
		}
		b.ended = true
		return errors.Join(err, b.closeStores())
	}
	b.running = true
	return b.publish(carlink.StatusTopic(b.options.Company), []byte(carlink.Online), 1, true)
}

// begin reads what was kept, opens every address, and serves.
func (b *Broker) begin() error {
	if b.options.Dir != "" {
		if err := b.keepIn(b.options.Dir); err != nil {
			return err
		}
	}
	if err := b.open(); err != nil {
		return err
	}
	if err := b.server.Serve(); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	b.recount()
	return nil
}

// Keeps says where sessions and retained messages are, and what a restart loses.
func (b *Broker) Keeps() string {
	if b.options.Dir == "" {
		return "sessions and retained messages in memory: a restart loses them, and cars read their trips again when the server is back"
	}
	return "sessions and retained messages in " + b.options.Dir
}

// Retained are the topics of the trips and alerts that are retained.
func (b *Broker) Retained(context.Context) ([]carlink.Topic, error) {
	var all []carlink.Topic
	// Not Topics.Messages: it looks at what is being retained without a lock.
	for _, pk := range b.server.Topics.Retained.GetAll() {
		if t, err := carlink.ParseTopic(pk.TopicName); err == nil && (t.Kind == carlink.KindTrip || t.Kind == carlink.KindAlerts) {
			all = append(all, t)
		}
	}
	return all, nil
}

// The names of the entrances.
const (
	plain       = "mqtt"
	secure      = "mqtts"
	webSocketed = "websocket"
)

// maxStrangers is how many connections an entrance takes beyond MaxClients,
// which is judged when a client logs in, where Options.Wrap bounds nothing.
const maxStrangers = 1024

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
		most := o.MaxClients + maxStrangers
		if o.Wrap != nil {
			l, most = o.Wrap(l), math.MaxInt
		}
		if want.tls {
			l = tls.NewListener(l, o.TLS)
		}
		if want.ws {
			l = newWebSockets(l, o.ConnectTimeout)
		}
		e := &entrance{id: want.name, listener: l, connect: o.ConnectTimeout, write: o.WriteTimeout, most: most, open: map[*conn]struct{}{}}
		e.onRefused = func() { b.counters.refused[Connections].Add(1) }
		e.onSlow = func() { b.counters.letGo.Add(1) }
		e.goodbye = func() { b.dismiss(want.name) }
		b.entrances[want.name] = e
		if err := b.server.AddListener(e); err != nil {
			return fmt.Errorf("broker: %s: %w", want.name, err)
		}
	}
	return nil
}

// dismiss disconnects who came in by an entrance. (The server's own way to list
// them takes a read lock twice, and hangs when a client leaves in between.)
func (b *Broker) dismiss(entrance string) {
	for _, cl := range b.server.Clients.GetAll() {
		if cl.Net.Listener == entrance && !cl.Closed() {
			_ = b.server.DisconnectClient(cl, packets.ErrServerShuttingDown) // it is let go anyway
		}
	}
}

// Stop publishes the company's status as offline, gives cars the answers that
// are under way, and ends every connection; when ctx ends first, it does not
// wait for answers. Stopping again does nothing.
func (b *Broker) Stop(ctx context.Context) error {
	b.mu.Lock()
	running := b.running
	if !b.ended {
		close(b.stopping)
	}
	b.running, b.ended = false, true
	b.mu.Unlock()
	if !running {
		return b.dispatcher.close(ctx)
	}
	late := b.dispatcher.close(ctx)
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
	if err := checkPublish(topic, qos); err != nil {
		return err
	}
	if err := b.server.Publish(topic, payload, retained, qos); err != nil {
		return fmt.Errorf("broker: publishing on %s: %w", topic, err)
	}
	b.counters.published.Add(1)
	return nil
}

// checkPublish judges what the company publishes.
func checkPublish(topic string, qos byte) error {
	if topic == "" || strings.ContainsAny(topic, "+#\x00") {
		return fmt.Errorf("broker: %q is no topic to publish on", topic)
	}
	if qos > 1 {
		return fmt.Errorf("broker: QoS %d on %s; the contract has 0 and 1", qos, topic)
	}
	return nil
}

// Ready is nil while the broker serves.
func (b *Broker) Ready() error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if !b.running {
		return ErrStopped
	}
	return nil
}

// Recheck ends every connection whose login is no longer good: its secret has
// been revoked. A last will that it left is not published. It never waits for a
// client; one that is just logging in may be missed, and is seen the next time.
func (b *Broker) Recheck() {
	for _, cl := range b.server.Clients.GetAll() {
		if !b.guard.stillGood(cl) && !cl.Closed() {
			b.counters.refused[LoginRevoked].Add(1)
			go cl.Stop(packets.ErrNotAuthorized)
		}
	}
}

func (b *Broker) deliver(l inbound) { b.counters.run(b.options.Handler, b.options.Logger, l) }

// run runs the handler; one that panics costs its message only.
func (c *counters) run(handler func(Client, carlink.Topic, []byte), log *slog.Logger, l inbound) {
	c.latency.observe(time.Since(l.came))
	defer func() {
		if r := recover(); r != nil {
			c.panics.Add(1)
			log.Error("handling a car's message panicked", "topic", l.topic.String(), "panic", r, "stack", string(debug.Stack()))
		}
	}()
	handler(l.client, l.topic, l.payload)
}
