package broker_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// patience bounds what must happen; nothing waits for it when all is well.
const patience = 5 * time.Second

type got struct {
	client  broker.Client
	topic   carlink.Topic
	payload string
}

// authenticate knows cars by the secret "s-ID" and the peers SER and CAJ by
// "t-ID".
func authenticate(user string, password []byte) (broker.Principal, bool) {
	switch string(password) {
	case "s-" + user:
		return broker.Principal{Vehicle: charging.VehicleID(user)}, true
	case "t-" + user:
		return broker.Principal{Company: charging.CompanyID(user)}, true
	case "operator":
		return broker.Principal{}, true
	}
	return broker.Principal{}, false
}

// start runs a broker of MAR whose handled messages arrive on the channel.
func start(t *testing.T, change func(*broker.Options)) (*broker.Broker, <-chan got) {
	t.Helper()
	handled := make(chan got, 1000)
	o := broker.Options{
		Company: "MAR", Listen: "127.0.0.1:0", Authenticate: authenticate, Workers: 4,
		Handler: func(c broker.Client, topic carlink.Topic, payload []byte) {
			handled <- got{c, topic, string(payload)}
		},
	}
	if change != nil {
		change(&o)
	}
	b, err := broker.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := b.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return b, handled
}

func options(url, user, password, id string) *paho.ClientOptions {
	return paho.NewClientOptions().AddBroker(url).SetUsername(user).SetPassword(password).SetClientID(id).
		SetAutoReconnect(false).SetConnectTimeout(patience).SetProtocolVersion(4).SetOrderMatters(true)
}

func plainURL(b *broker.Broker) string { return "tcp://" + b.Addr().String() }

// dial connects a car (EV-…) or a peer company.
func dial(t *testing.T, b *broker.Broker, user string) paho.Client {
	t.Helper()
	prefix := "t-"
	if strings.HasPrefix(user, "EV-") {
		prefix = "s-"
	}
	return connect(t, options(plainURL(b), user, prefix+user, "it"))
}

func connect(t *testing.T, o *paho.ClientOptions) paho.Client {
	t.Helper()
	c := paho.NewClient(o)
	wait(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(0) })
	return c
}

func wait(t *testing.T, token paho.Token) {
	t.Helper()
	if !token.WaitTimeout(patience) {
		t.Fatal("nothing came back")
	}
	if err := token.Error(); err != nil {
		t.Fatal(err)
	}
}

func publish(t *testing.T, c paho.Client, topic, payload string) {
	t.Helper()
	wait(t, c.Publish(topic, 1, false, payload))
}

// subscribe answers whether it was granted, and the messages.
func subscribe(t *testing.T, c paho.Client, filter string) (bool, <-chan paho.Message) {
	t.Helper()
	messages := make(chan paho.Message, 1000)
	token := c.Subscribe(filter, 1, func(_ paho.Client, m paho.Message) { messages <- m })
	if !token.WaitTimeout(patience) {
		t.Fatalf("subscribing to %s: nothing came back", filter)
	}
	code, ok := token.(*paho.SubscribeToken).Result()[filter]
	return ok && code < 0x80, messages
}

func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not come", what)
		panic("unreachable")
	}
}

// eventually polls what no channel tells.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); {
		if time.Now().After(end) {
			t.Fatal(what)
		}
		time.Sleep(time.Millisecond)
	}
}

// certificate for 127.0.0.1 and a configuration that trusts it.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "MAR"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12},
		&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}
