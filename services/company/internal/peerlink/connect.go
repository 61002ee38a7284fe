package peerlink

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/pkg/carlink"
)

const (
	// keepAlive bounds how long a peer that vanished counts as there: one and
	// a half times that.
	keepAlive = 10 * time.Second
	// patience bounds logging in, and each answer of a broker.
	patience = 10 * time.Second
)

// listen connects once and stays until the connection ends. joined is true when
// it got as far as the subscription; the error says why it ended, nil when ctx
// did.
func (l *Link) listen(ctx context.Context, p Peer) (joined bool, err error) {
	bounded, cancel := context.WithTimeout(ctx, patience)
	address, err := p.Address(bounded)
	cancel()
	if err != nil {
		return false, fmt.Errorf("the address of %s's broker: %w", p.ID, err)
	}
	address, user, secret, err := l.login(p, address)
	if err != nil {
		return false, err
	}
	lost := make(chan error, 1)
	client := paho.NewClient(paho.NewClientOptions().AddBroker(address).
		SetClientID(l.id).SetUsername(user).SetPassword(secret).SetTLSConfig(l.o.TLS).
		SetProtocolVersion(4).SetCleanSession(true).SetAutoReconnect(false).
		SetKeepAlive(keepAlive).SetPingTimeout(keepAlive / 2).SetConnectTimeout(patience).SetWriteTimeout(patience).
		SetConnectionLostHandler(func(_ paho.Client, err error) { lost <- err }))
	defer client.Disconnect(0)
	if err := wait(ctx, client.Connect()); err != nil {
		return false, fmt.Errorf("%s's broker at %s: %w", p.ID, address, err)
	}
	token := client.Subscribe(carlink.PeerFilter, 1, func(_ paho.Client, m paho.Message) { l.hear(p.ID, m.Topic(), m.Payload()) })
	if err := wait(ctx, token); err != nil {
		return false, fmt.Errorf("%s's broker at %s: subscribing: %w", p.ID, address, err)
	}
	if code, ok := token.(*paho.SubscribeToken).Result()[carlink.PeerFilter]; ok && code >= 0x80 {
		return false, fmt.Errorf("%s's broker at %s refuses the subscription to %s", p.ID, address, carlink.PeerFilter)
	}
	l.joined(p.ID)
	select {
	case err := <-lost:
		return true, fmt.Errorf("%s's broker at %s: %w", p.ID, address, err)
	case <-ctx.Done():
		return true, nil
	}
}

// login is with whom and with what this company logs in at a peer's broker: what the
// address says (tcp://MAR:password@host, at a broker that is no server of ours), else
// its party id and what it shows to that peer.
func (l *Link) login(p Peer, address string) (broker, user, secret string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", "", fmt.Errorf("the address of %s's broker: %w", p.ID, err)
	}
	if password, ok := u.User.Password(); ok {
		user = u.User.Username()
		u.User = nil
		return u.String(), user, password, nil
	}
	if secret, err = p.Token(); err != nil {
		return "", "", "", fmt.Errorf("what to show to %s: %w", p.ID, err)
	}
	return address, string(l.o.Self), secret, nil
}

var errSilent = errors.New("no answer")

func wait(ctx context.Context, t paho.Token) error {
	select {
	case <-t.Done():
		return t.Error()
	case <-time.After(patience):
		return errSilent
	case <-ctx.Done():
		return ctx.Err()
	}
}
