package peerlink

import (
	"context"
	"errors"
	"fmt"
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
	lost := make(chan error, 1)
	client := paho.NewClient(paho.NewClientOptions().AddBroker(address).
		SetClientID(l.id).SetUsername(string(l.o.Self)).SetPassword(p.Token).SetTLSConfig(l.o.TLS).
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
