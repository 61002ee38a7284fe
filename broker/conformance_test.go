package broker_test

import (
	"testing"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/broker/brokertest"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// TestConformanceOfTheOwnBroker and its sibling run one suite on both.
func TestConformanceOfTheOwnBroker(t *testing.T) {
	brokertest.Run(t, func(t *testing.T, w brokertest.Wish) (brokertest.Broker, func() string) {
		b, err := broker.New(broker.Options{
			Company: brokertest.Company, Listen: "127.0.0.1:0", Mailbox: 1000, LoginRate: -1,
			Handler: w.Handler, Overflow: w.Overflow, MessageRate: w.MessageRate, MessageBurst: w.MessageBurst,
			Authenticate: func(user string, password []byte) (broker.Principal, bool) {
				ok := string(password) == brokertest.SecretOf(user) && (user == "EV-0001" || user == "EV-0002" || user == "SER")
				if user == "SER" {
					return broker.Principal{Company: "SER"}, ok
				}
				return broker.Principal{Vehicle: charging.VehicleID(user)}, ok
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return b, func() string { return plainURL(b) }
	})
}

// mosquitto runs one with the suite's users.
func mosquitto(t *testing.T) *brokertest.Mosquitto {
	t.Helper()
	users := map[string]string{brokertest.Server: brokertest.SecretOf(brokertest.Server)}
	for _, user := range brokertest.Users() {
		users[user] = brokertest.SecretOf(user)
	}
	return brokertest.StartMosquitto(t, users)
}

// elsewhere are the options of a company's server at it.
func elsewhere(m *brokertest.Mosquitto, w brokertest.Wish) broker.RemoteOptions {
	return broker.RemoteOptions{
		Company: brokertest.Company, URL: "tcp://" + m.Addr, Username: brokertest.Server, Password: brokertest.SecretOf(brokertest.Server),
		Handler: w.Handler, Overflow: w.Overflow, MessageRate: w.MessageRate, MessageBurst: w.MessageBurst, Mailbox: 1000,
	}
}

func TestConformanceOfMosquitto(t *testing.T) {
	brokertest.Run(t, func(t *testing.T, w brokertest.Wish) (brokertest.Broker, func() string) {
		m := mosquitto(t)
		b, err := broker.NewRemote(elsewhere(m, w))
		if err != nil {
			t.Fatal(err)
		}
		return b, func() string { return "tcp://" + m.Addr }
	})
}
