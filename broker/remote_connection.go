package broker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/pkg/carlink"
)

// keep connects, and comes back after each loss.
func (r *Remote) keep(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; failures++ {
		joined, err := r.visit(ctx)
		if joined {
			failures = 0
		}
		if ctx.Err() != nil {
			return
		}
		r.o.Logger.Warn("the MQTT broker is away", "broker", r.host(), "error", err)
		r.mu.Lock()
		r.problem = err
		r.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(remoteBackoff(failures)):
		}
	}
}

// remoteBackoff doubles from 250 ms to 15 s, less up to half by chance.
func remoteBackoff(failures int) time.Duration {
	d := min(250*time.Millisecond<<min(failures, 10), 15*time.Second)
	return d/2 + mathrand.N(d/2+1)
}

// patience bounds logging in, and each answer of the broker.
const patience = 10 * time.Second

func (r *Remote) options(id string) *paho.ClientOptions {
	return paho.NewClientOptions().AddBroker(r.o.URL).SetClientID(id).
		SetUsername(r.o.Username).SetPassword(r.o.Password).SetTLSConfig(r.o.TLS).
		SetProtocolVersion(4).SetCleanSession(true).SetAutoReconnect(false).SetOrderMatters(true).
		SetKeepAlive(r.o.KeepAlive).SetPingTimeout(r.o.KeepAlive / 2).SetConnectTimeout(patience).SetWriteTimeout(patience)
}

// group is the name of the shared subscription: that of all servers of the
// company, and nobody else's to guess, for whoever is in the group takes away
// what the servers should get.
func (r *Remote) group() string {
	sum := sha256.Sum256([]byte("eletrovia group\x00" + string(r.o.Company) + "\x00" + r.o.Username + "\x00" + r.o.Password))
	return "eletrovia-" + string(r.o.Company) + "-" + hex.EncodeToString(sum[:8])
}

func (r *Remote) shared(filter string) string { return "$share/" + r.group() + "/" + filter }

// visit connects once and stays until the connection ends. joined is true when
// it got as far as the subscriptions; the error says why it ended.
func (r *Remote) visit(ctx context.Context) (joined bool, err error) {
	gone := make(chan error, 1)
	status := carlink.StatusTopic(r.o.Company)
	client := paho.NewClient(r.options(r.id).SetWill(status, carlink.Offline, 1, true).
		SetConnectionLostHandler(func(_ paho.Client, err error) { gone <- err }))
	defer client.Disconnect(uint(farewell.Milliseconds() / 4))
	if err := await(ctx, client.Connect()); err != nil {
		return false, fmt.Errorf("the broker at %s: %w", r.host(), err)
	}
	for filter, qos := range map[string]byte{carlink.RequestFilter: 1, carlink.TelemetryFilter: 0} {
		if err := subscribeTo(ctx, client, r.shared(filter), qos, r.hear); err != nil {
			return false, fmt.Errorf("the broker at %s: %w", r.host(), err)
		}
	}
	// The will of an earlier connection, or another server that stops, says that
	// the company is offline: it is not.
	say := func() { _ = r.out.put(message{status, []byte(carlink.Online), 1, true}) }
	err = subscribeTo(ctx, client, status, 1, func(_ paho.Client, m paho.Message) {
		r.mu.Lock()
		running := r.running
		r.mu.Unlock()
		if running && string(m.Payload()) != carlink.Online {
			say()
		}
	})
	if err != nil {
		return false, fmt.Errorf("the broker at %s: %w", r.host(), err)
	}
	say()
	r.rise(client)
	defer r.fall()
	here, leave := context.WithCancel(ctx)
	defer leave()
	var sending sync.WaitGroup
	sending.Go(func() { r.send(here, client) })
	select {
	case err = <-gone:
		err = fmt.Errorf("the broker at %s: %w", r.host(), err)
	case <-ctx.Done():
	}
	leave()
	sending.Wait()
	return true, err
}

func (r *Remote) rise(client paho.Client) {
	r.mu.Lock()
	r.client = client
	close(r.up)
	r.mu.Unlock()
	r.o.Logger.Info("the MQTT broker is there", "broker", r.host())
	if r.o.OnUp != nil {
		r.o.OnUp()
	}
}

func (r *Remote) fall() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.up = make(chan struct{})
	r.problem = errors.New("the connection is gone")
}

// Retained are the topics of the trips and alerts that are retained at the
// broker, read over a connection of its own.
func (r *Remote) Retained(ctx context.Context) ([]carlink.Topic, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client := paho.NewClient(r.options(r.id + "-r"))
	defer client.Disconnect(0)
	if err := await(ctx, client.Connect()); err != nil {
		return nil, fmt.Errorf("reading what is retained at %s: %w", r.host(), err)
	}
	var mu sync.Mutex
	var found []carlink.Topic
	all := make(chan struct{})
	var once sync.Once
	hear := func(_ paho.Client, m paho.Message) {
		if t, err := carlink.ParseTopic(m.Topic()); err == nil && m.Retained() && len(m.Payload()) > 0 {
			mu.Lock()
			defer mu.Unlock()
			found = append(found, t)
		}
	}
	err := subscribeTo(ctx, client, carlink.TripsFilter, 0, hear)
	if err == nil {
		err = subscribeTo(ctx, client, carlink.AlertsFilter, 0, hear)
	}
	if err == nil { // the status is retained too, and comes after them
		err = subscribeTo(ctx, client, carlink.StatusTopic(r.o.Company), 0, func(paho.Client, paho.Message) { once.Do(func() { close(all) }) })
	}
	if err != nil {
		return nil, fmt.Errorf("reading what is retained at %s: %w", r.host(), err)
	}
	select {
	case <-all:
	case <-ctx.Done():
		return nil, fmt.Errorf("reading what is retained at %s: %w", r.host(), ctx.Err())
	}
	mu.Lock()
	defer mu.Unlock()
	return found, nil
}

var errRefused = errors.New("the broker refuses the subscription; its access list must let the company's servers read and write all topics of the contract")

func subscribeTo(ctx context.Context, client paho.Client, filter string, qos byte, hear paho.MessageHandler) error {
	token := client.Subscribe(filter, qos, hear)
	if err := await(ctx, token); err != nil {
		return fmt.Errorf("subscribing: %w", err)
	}
	if code, ok := token.(*paho.SubscribeToken).Result()[filter]; ok && code >= 0x80 {
		return errRefused
	}
	return nil
}

var errSilent = errors.New("no answer")

func await(ctx context.Context, t paho.Token) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-t.Done():
		return t.Error()
	case <-timer.C:
		return errSilent
	case <-ctx.Done():
		return ctx.Err()
	}
}
