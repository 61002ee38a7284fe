package broker

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/eletrovia/eletrovia/pkg/carlink"
)

// guard is the hook that decides what clients may do and takes what cars say.
//
// It works around what was found in the server (v2.7.9):
//   - refusing a QoS 1 publish in OnACLCheck disconnects, and clients resend
//     for ever: OnACLCheck lets every publish pass, OnPublish acknowledges and
//     drops;
//   - an error of OnPublish is ignored unless it is CodeSuccessIgnore;
//   - sessions belong to client ids that anybody may choose, "inline" among
//     them, which is the server's own: the session's name gets the principal
//     in front;
//   - writing to a client holds a lock that publishing to it needs: see conn;
//   - wills are published unchecked: they are judged at login;
//   - a client's packet id that equals one of a delivery under way deletes that
//     delivery, or refuses a subscription: the delivery is put aside meanwhile;
//   - a session that expires leaves its subscriptions behind.
type guard struct {
	mqtt.HookBase
	broker *Broker

	accounts *accounts

	mu       sync.Mutex
	aside    map[*mqtt.Client]packets.Packet // deliveries put aside
	asideLen atomic.Int64
}

func newGuard(b *Broker) *guard {
	return &guard{broker: b, accounts: newAccounts(&b.options), aside: map[*mqtt.Client]packets.Packet{}}
}

// ID names the hook in the server's logs.
func (g *guard) ID() string { return "guard" }

// Provides says which hooks are to be called.
func (g *guard) Provides(b byte) bool {
	switch b {
	case mqtt.OnConnect, mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnPublish, mqtt.OnSubscribe, mqtt.OnSubscribed,
		mqtt.OnPacketRead, mqtt.OnPacketProcessed, mqtt.OnPublishDropped, mqtt.OnDisconnect,
		mqtt.OnClientExpired, mqtt.OnWill, mqtt.OnWillSent:
		return true
	}
	return false
}

// OnConnect lets a client in or answers why not.
func (g *guard) OnConnect(cl *mqtt.Client, pk packets.Packet) error {
	code, reason, err := g.admit(cl, pk)
	if err == nil {
		return nil
	}
	g.broker.counters.refused[reason].Add(1)
	_ = g.broker.server.SendConnack(cl, code, false, nil) // it is let go anyway
	return err
}

// admit names the session after its principal; the code is the answer to a
// client that is not let in.
func (g *guard) admit(cl *mqtt.Client, pk packets.Packet) (packets.Code, Reason, error) {
	if v := cl.Properties.ProtocolVersion; v > 4 {
		return packets.ErrUnsupportedProtocolVersion, LoginForm, fmt.Errorf("MQTT version %d; this server speaks 3.1.1", v)
	}
	c, ok := cl.Net.Conn.(*conn)
	if !ok || len(cl.ID) > maxClientID {
		return packets.ErrClientIdentifierNotValid, LoginForm, fmt.Errorf("a client id of %d bytes; at most %d", len(cl.ID), maxClientID)
	}
	user := string(pk.Connect.Username)
	p, ok := g.broker.options.Authenticate(user, pk.Connect.Password)
	now := time.Now()
	if !ok {
		return packets.ErrBadUsernameOrPassword, g.wrong(cl.Net.Remote, user, now), errors.New("user name and password do not match")
	}
	login := p.Login
	p.Login = ""
	if !p.valid() {
		return packets.Err3NotAuthorized, LoginSecret, fmt.Errorf("%s may use nothing here", p)
	}
	if will := &cl.Properties.Will; will.Flag != 0 {
		if _, may := p.mayWrite(will.TopicName); !may || len(will.Payload) > carlink.MaxPayload {
			return packets.Err3NotAuthorized, LoginWill, fmt.Errorf("%s may not leave a will of %d bytes on %.80q", p, len(will.Payload), will.TopicName)
		}
		will.Retain = false
	}
	name := p.session(cl.ID)
	old, replaces := g.broker.server.Clients.Get(name)
	who, reason := g.accounts.admit(p, name, cl.Properties.Clean, replaces && !old.Closed(), now)
	if who == nil {
		return packets.ErrServerUnavailable, reason, fmt.Errorf("%s has too many sessions, or logs in too often (%s)", p, reason)
	}
	c.account = who
	c.login.Store(&login)
	known(c.Conn, p.String())
	c.whenClosed(func() { g.accounts.leave(who) })
	cl.ID = name
	return packets.CodeSuccess, 0, nil
}

// wrong counts a failed login of a host, for a name. One too many is answered late:
// whoever guesses waits, and the right secret never does.
func (g *guard) wrong(remote, user string, now time.Time) Reason {
	host := hostOf(remote)
	g.broker.options.WrongLogin(user, host)
	wait := g.accounts.failed(host, user, now)
	g.pause(wait)
	if wait > 0 {
		return LoginRate
	}
	return LoginSecret
}

// known tells a connection of Options.Wrap, in itself or below TLS, who has logged in.
func known(c net.Conn, name string) {
	for {
		if k, ok := c.(interface{ Known(name string) int }); ok {
			k.Known(name)
			return
		}
		inner, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return
		}
		c = inner.NetConn()
	}
}

// stillGood reports whether what a client has logged in with has not been revoked.
func (g *guard) stillGood(cl *mqtt.Client) bool {
	c, ok := cl.Net.Conn.(*conn)
	if !ok || g.broker.options.StillGood == nil {
		return true
	}
	login := c.login.Load()
	return login == nil || *login == "" || g.broker.options.StillGood(*login)
}

// forget takes a session out of those that outlive their connection.
func (g *guard) forget(name string) {
	if p, _, ok := principalOf(name); ok {
		g.accounts.forget(p, name)
	}
}

// accountOf is nil before a client has logged in.
func accountOf(cl *mqtt.Client) *account {
	if c, ok := cl.Net.Conn.(*conn); ok {
		return c.account
	}
	return nil
}

// OnConnectAuthenticate has been decided by OnConnect.
func (g *guard) OnConnectAuthenticate(cl *mqtt.Client, _ packets.Packet) bool {
	_, _, ok := principalOf(cl.ID)
	return ok
}

// OnACLCheck bounds what a client reads, when it subscribes and when it is
// sent something. What it writes is judged in OnPublish.
func (g *guard) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	if write {
		return true
	}
	p, _, ok := principalOf(cl.ID)
	return ok && p.mayRead(topic)
}

// maxSubscriptions of one session; a car needs one to five.
const maxSubscriptions = 64

// OnSubscribe blanks the filters of a client that has too many, which refuses
// them.
func (g *guard) OnSubscribe(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	if !cl.Net.Inline && cl.State.Subscriptions.Len()+len(pk.Filters) > maxSubscriptions {
		for i := range pk.Filters {
			pk.Filters[i].Filter = ""
		}
	}
	return pk
}

// OnSubscribed counts the refused ones.
func (g *guard) OnSubscribed(_ *mqtt.Client, _ packets.Packet, codes []byte) {
	for _, c := range codes {
		if c >= packets.ErrUnspecifiedError.Code {
			g.broker.counters.refused[Subscription].Add(1)
		}
	}
}

// OnPublish takes what a car says; what it may not say is acknowledged and
// dropped.
func (g *guard) OnPublish(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if cl.Net.Inline {
		return pk, nil
	}
	p, clientID, _ := principalOf(cl.ID)
	topic, may := p.mayWrite(pk.TopicName)
	if !may {
		g.slow(cl)
		g.broker.counters.refused[PublishTopic].Add(1)
		return pk, packets.CodeSuccessIgnore
	}
	pk.FixedHeader.Retain = false
	from := Client{Principal: p, ID: clientID, Remote: cl.Net.Remote}
	if reason := g.take(cl, inbound{client: from, topic: topic, payload: pk.Payload, came: time.Now()}); reason != 0 {
		g.broker.counters.refused[reason].Add(1)
		if overflow := g.broker.options.Overflow; overflow != nil && topic.Kind == carlink.KindRequest {
			overflow(from, topic, pk.Payload)
		}
		if reason != Mailbox && reason != Backlog {
			return pk, packets.CodeSuccessIgnore // nor to who listens
		}
	}
	return pk, nil
}

// take queues a message within its sender's rate, or says why not.
func (g *guard) take(cl *mqtt.Client, l inbound) Reason {
	if len(l.payload) > carlink.MaxPayload {
		return PublishSize
	}
	if who := accountOf(cl); who != nil && !who.messages.take(l.came) {
		g.slow(cl)
		return PublishRate
	}
	return g.broker.dispatcher.put(l)
}

// maxPause bounds how long a client that sends too much is not read at a time,
// well below any keep-alive.
const maxPause = time.Second

// slow keeps refusing within bounds too: the client's next packet is read when
// one more may be refused. It runs on the client's own goroutine, so TCP makes
// the client wait, and nobody else.
func (g *guard) slow(cl *mqtt.Client) {
	if who := accountOf(cl); who != nil {
		g.pause(who.excess.book(time.Now(), maxPause))
	}
}

func (g *guard) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	g.broker.counters.paused.Add(1)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-g.broker.stopping:
	}
}

// OnWill keeps whoever had a secret that was revoked from having the last word:
// its will goes where nobody listens.
func (g *guard) OnWill(cl *mqtt.Client, will mqtt.Will) (mqtt.Will, error) {
	if !g.stillGood(cl) {
		will.TopicName, will.Retain = "refused", false
	}
	return will, nil
}

// OnWillSent hands the will of a car that was lost to the handler, as if it had
// said it now; those who listen get it from the server.
func (g *guard) OnWillSent(cl *mqtt.Client, pk packets.Packet) {
	p, clientID, _ := principalOf(cl.ID)
	topic, may := p.mayWrite(pk.TopicName)
	if !may {
		return // judged at login
	}
	from := Client{Principal: p, ID: clientID, Remote: cl.Net.Remote}
	if reason := g.broker.dispatcher.put(inbound{client: from, topic: topic, payload: pk.Payload, came: time.Now()}); reason != 0 {
		g.broker.counters.refused[reason].Add(1)
	}
}

// OnPublishDropped lets a car go that missed what it must not miss; when it comes
// back it reads its retained topics. A peer only loses hints.
func (g *guard) OnPublishDropped(cl *mqtt.Client, pk packets.Packet) {
	g.broker.counters.refused[SlowClient].Add(1)
	p, _, _ := principalOf(cl.ID)
	if p.Vehicle == "" || pk.FixedHeader.Qos == 0 || cl.Closed() {
		return
	}
	g.broker.counters.letGo.Add(1)
	cl.Stop(packets.ErrPendingClientWritesExceeded)
}

// OnPacketRead slows down who sends too many packets, puts a delivery under way aside while a packet of the same id is
// processed, and gives a publish below $SYS a topic that is acknowledged and
// dropped.
func (g *guard) OnPacketRead(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if who := accountOf(cl); who != nil && !owed(cl, pk) {
		g.pause(who.packets.book(time.Now(), maxPause))
	}
	switch pk.FixedHeader.Type {
	case packets.Publish:
		if !mqtt.IsValidFilter(pk.TopicName, true) && len(pk.TopicName) > 0 && pk.TopicName[0] == '$' {
			pk.TopicName = "refused"
		}
		if pk.FixedHeader.Qos != 1 {
			return pk, nil
		}
	case packets.Subscribe, packets.Unsubscribe:
	default:
		return pk, nil
	}
	delivery, ok := cl.State.Inflight.Get(pk.PacketID)
	if !ok || delivery.FixedHeader.Type != packets.Publish || !cl.State.Inflight.Delete(pk.PacketID) {
		return pk, nil
	}
	g.mu.Lock()
	g.aside[cl] = delivery
	g.mu.Unlock()
	g.asideLen.Add(1)
	return pk, nil
}

// owed reports whether a packet is an acknowledgement that the client owes: there
// are as many as it was sent messages.
func owed(cl *mqtt.Client, pk packets.Packet) bool {
	if pk.FixedHeader.Type != packets.Puback {
		return false
	}
	_, ok := cl.State.Inflight.Get(pk.PacketID)
	return ok
}

// OnPacketProcessed puts the delivery back.
func (g *guard) OnPacketProcessed(cl *mqtt.Client, _ packets.Packet, _ error) { g.restore(cl) }

func (g *guard) restore(cl *mqtt.Client) {
	if g.asideLen.Load() == 0 {
		return
	}
	g.mu.Lock()
	delivery, ok := g.aside[cl]
	delete(g.aside, cl)
	g.mu.Unlock()
	if !ok {
		return
	}
	g.asideLen.Add(-1)
	cl.State.Inflight.Set(delivery)
	g.broker.counters.rescued.Add(1)
	if !cl.IsTakenOver() {
		return
	}
	// The client came back meanwhile, and its session was handed over without
	// the delivery.
	if now, ok := g.broker.server.Clients.Get(cl.ID); ok && now != cl {
		now.State.Inflight.Set(delivery)
		delivery.FixedHeader.Dup = true
		_ = now.WritePacket(delivery) // one that is gone again is sent it when it is back
	}
}

// OnDisconnect forgets a session that ends with its connection.
func (g *guard) OnDisconnect(cl *mqtt.Client, _ error, expire bool) {
	g.restore(cl)
	if expire && !cl.IsTakenOver() {
		g.forget(cl.ID)
	}
}

// OnClientExpired forgets a session and its subscriptions.
func (g *guard) OnClientExpired(cl *mqtt.Client) {
	g.forget(cl.ID)
	g.broker.server.UnsubscribeClient(cl)
	cl.ClearInflights()
}
