package broker

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Principal is who a client has proved to be: a car, a peer company, or an
// operator, who may read $SYS and nothing else. One that is none is refused.
type Principal struct {
	Vehicle  charging.VehicleID
	Company  charging.CompanyID
	Operator bool
	// Login names the secret that was shown, for Options.StillGood; empty for one
	// that holds as long as the connection. It is no part of who a client is.
	Login string
}

// String is "vehicle EV-0001" or "company MAR".
func (p Principal) String() string {
	switch {
	case p.Vehicle != "":
		return "vehicle " + string(p.Vehicle)
	case p.Company != "":
		return "company " + string(p.Company)
	case p.Operator:
		return "the operator"
	}
	return "nobody"
}

// Client is a connection of a principal.
type Client struct {
	Principal
	// ID is the MQTT client id that the client chose.
	ID string
	// Remote is its network address.
	Remote string
}

// Options of a broker. The zero value of a field is its default.
type Options struct {
	// Company whose broker it is; its status is published. Required.
	Company charging.CompanyID
	// Listen is the TCP address of plain MQTT ("127.0.0.1:1881", ":0");
	// empty for none.
	Listen string
	// ListenTLS is the TCP address of MQTT over TLS; needs TLS.
	ListenTLS string
	// ListenWebSocket is the TCP address of MQTT over WebSocket, over TLS when
	// WebSocketTLS is true.
	ListenWebSocket string
	WebSocketTLS    bool
	TLS             *tls.Config

	// Wrap makes a listener of one that was opened, before TLS: it may bound the
	// connections. One of them that has a method Known(name string) int, in itself or
	// below TLS, is told who has logged in. Nil is none.
	Wrap func(net.Listener) net.Listener

	// Dir is where sessions and retained messages outlive the process, a
	// directory of this broker alone; empty keeps them in memory.
	Dir string

	// Authenticate tells who a user name and password belong to. It runs on
	// the connection's own goroutine. Required.
	Authenticate func(username string, password []byte) (Principal, bool)
	// WrongLogin is told of a wrong user name or password, and of its host. It must
	// not block; nil is nobody.
	WrongLogin func(username, host string)
	// StillGood reports whether a Login of Authenticate holds; Recheck asks it. It
	// must not block. Nil is always.
	StillGood func(login string) bool
	// Handler gets what cars publish on their telemetry and request topics,
	// in order for each car, on one of Workers goroutines. Required.
	Handler func(c Client, topic carlink.Topic, payload []byte)
	// Overflow is told of a request that found its car's queue full and was
	// dropped. It runs on the connection's own goroutine and must not block.
	Overflow func(c Client, topic carlink.Topic, payload []byte)

	// Workers run the handler; default 64.
	Workers int
	// Mailbox is how many messages of one car may wait; telemetry may fill
	// half of it. Default 32.
	Mailbox int
	// Backlog is how many messages of all cars together may wait; default
	// 16384. BacklogBytes is how many bytes their payloads may have; default
	// 64 MiB.
	Backlog, BacklogBytes int
	// MaxClients that are connected at a time; default 16384.
	MaxClients int
	// MaxSessions of one principal at a time; default 8.
	MaxSessions int
	// MaxInflight is how many QoS 1 messages may wait for one client that has
	// not acknowledged them, or is away; what is more is dropped. Default 256.
	MaxInflight int
	// MessageRate is how many messages a second one principal may send over all
	// its connections, after a burst of MessageBurst. What is more is dropped,
	// told to Overflow, and slows its sender down. Default 100 and 200; a
	// negative rate is no limit.
	MessageRate  float64
	MessageBurst int
	// LoginRate is how many logins a second one principal may make after a
	// burst of LoginBurst; twenty times as many may fail from one host before a
	// failure is answered late. Default 5 and 50; a negative rate is no limit.
	LoginRate  float64
	LoginBurst int
	// SessionExpiry is how long the session of a client that did not ask for a
	// clean one outlives its connection; default 1 h.
	SessionExpiry time.Duration
	// ConnectTimeout is how long a connection may take until it has logged in;
	// default 5 s.
	ConnectTimeout time.Duration
	// WriteTimeout is how long one write to a client may take before the
	// client is let go; default 10 s.
	WriteTimeout time.Duration
	// SysInterval is how often the $SYS topics are published; default 1 min.
	SysInterval time.Duration
	// Logger of the server; default none.
	Logger *slog.Logger
}

func orDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

func (o *Options) setDefaults() {
	orDefault(&o.Workers, 64)
	orDefault(&o.Mailbox, 32)
	orDefault(&o.Backlog, 16384)
	orDefault(&o.BacklogBytes, 64<<20)
	orDefault(&o.MaxClients, 16384)
	orDefault(&o.MaxSessions, 8)
	orDefault(&o.MaxInflight, 256)
	orDefault(&o.MessageRate, 100)
	orDefault(&o.MessageBurst, 200)
	orDefault(&o.LoginRate, 5)
	orDefault(&o.LoginBurst, 50)
	orDefault(&o.SysInterval, time.Minute)
	orDefault(&o.SessionExpiry, time.Hour)
	orDefault(&o.ConnectTimeout, 5*time.Second)
	orDefault(&o.WriteTimeout, 10*time.Second)
	if o.WrongLogin == nil {
		o.WrongLogin = func(string, string) {}
	}
	orDefault(&o.Logger, slog.New(slog.DiscardHandler))
}

// Validate reports the first thing that is wrong with the options.
func (o Options) Validate() error {
	if err := o.Company.Validate(); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	switch {
	case o.Authenticate == nil:
		return errors.New("broker: Authenticate is missing")
	case o.Handler == nil:
		return errors.New("broker: Handler is missing")
	case o.Listen == "" && o.ListenTLS == "" && o.ListenWebSocket == "":
		return errors.New("broker: no address to listen on; set Listen, ListenTLS or ListenWebSocket")
	case o.TLS == nil && (o.ListenTLS != "" || o.WebSocketTLS):
		return errors.New("broker: listening with TLS needs a certificate; set TLS")
	case o.Workers < 0, o.Mailbox < 0, o.Backlog < 0, o.BacklogBytes < 0, o.MaxClients < 0, o.MaxSessions < 0,
		o.MaxInflight < 0, o.MaxInflight > math.MaxUint16, o.MessageBurst < 0, o.LoginBurst < 0:
		return errors.New("broker: a limit is negative, or MaxInflight is above 65535")
	case o.SessionExpiry < 0, o.ConnectTimeout < 0, o.WriteTimeout < 0, o.SysInterval < 0:
		return errors.New("broker: a duration is negative")
	}
	return nil
}
