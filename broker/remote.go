package broker

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// RemoteOptions of a broker elsewhere. The zero value of a field is its default.
type RemoteOptions struct {
	// Company whose servers these are. Required.
	Company charging.CompanyID
	// URL of the broker: tcp://, ssl://, ws:// or wss:// with host and port.
	// Required.
	URL string
	// Username and Password of the company's servers there; the broker must let
	// them read and write all topics of the contract.
	Username, Password string
	// TLS for ssl:// and wss://.
	TLS *tls.Config

	// Handler, Overflow and the bounds are those of Options. The broker there
	// says who a car is: its topics are its own because nobody else may publish
	// on them.
	Handler               func(c Client, topic carlink.Topic, payload []byte)
	Overflow              func(c Client, topic carlink.Topic, payload []byte)
	Workers, Mailbox      int
	Backlog, BacklogBytes int
	MessageRate           float64
	MessageBurst          int

	// OnUp is told of every connection to the broker, the first included; what
	// was retained there may be older than what the company knows. It must not
	// block. May be nil.
	OnUp func()
	// KeepAlive bounds how long a broker that vanished counts as there: one and
	// a half times that. Default 10 s.
	KeepAlive time.Duration
	// Logger of what comes and goes; default none.
	Logger *slog.Logger
}

// inbound are the options of the part that both brokers share.
func (o RemoteOptions) inbound() Options {
	in := Options{
		Workers: o.Workers, Mailbox: o.Mailbox, Backlog: o.Backlog, BacklogBytes: o.BacklogBytes,
		MessageRate: o.MessageRate, MessageBurst: o.MessageBurst, Logger: o.Logger,
	}
	in.setDefaults()
	return in
}

// Validate reports the first thing that is wrong with the options.
func (o RemoteOptions) Validate() error {
	if err := o.Company.Validate(); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	u, err := url.Parse(o.URL)
	switch {
	case err != nil || u.Host == "" || !slices.Contains([]string{"tcp", "ssl", "ws", "wss"}, u.Scheme):
		return errors.New("broker: the address of the broker elsewhere must be tcp://, ssl://, ws:// or wss:// with host and port")
	case o.Handler == nil:
		return errors.New("broker: Handler is missing")
	case o.Workers < 0, o.Mailbox < 0, o.Backlog < 0, o.BacklogBytes < 0, o.MessageBurst < 0, o.KeepAlive < 0:
		return errors.New("broker: a limit is negative")
	}
	return nil
}

// Remote is a company's place on a broker elsewhere (Mosquitto, EMQX, HiveMQ,
// VerneMQ): a client that takes what cars publish, in turn with the company's
// other servers, and publishes what the company has to say. It comes back by
// itself when it is lost. Its methods may be called from any goroutine.
//
//	away ──connect, subscribe $share/…, "online"──→ up
//	 ↑        back-off, 250 ms … 15 s                │
//	 └── connection lost (its will says "offline") ──┘
type Remote struct {
	o          RemoteOptions
	id         string
	accounts   *accounts
	dispatcher *dispatcher
	out        *outbox
	counters   counters

	mu      sync.Mutex
	running bool
	ended   bool
	client  paho.Client   // of the present connection
	up      chan struct{} // closed while there is a connection
	problem error         // why there is none
	cancel  context.CancelFunc
	work    sync.WaitGroup
}

// NewRemote makes a client that does not connect yet.
func NewRemote(o RemoteOptions) (*Remote, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	in := o.inbound()
	o.Logger = in.Logger
	orDefault(&o.KeepAlive, 10*time.Second)
	r := &Remote{
		o: o, id: "eletrovia-" + string(o.Company) + "-" + rand.Text(), accounts: newAccounts(&in),
		out: newOutbox(), up: make(chan struct{}), problem: errors.New("not connected yet"),
	}
	r.dispatcher = newDispatcher(in, &r.counters, r.deliver)
	return r, nil
}

// Start begins to connect, and returns at once: a broker that is away is waited
// for. A Remote starts once.
func (r *Remote) Start() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running || r.ended {
		return errors.New("broker: a broker starts once")
	}
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(context.Background())
	r.running = true
	r.work.Go(func() { r.keep(ctx) })
	return nil
}

// Stop leaves the cars to the company's other servers, gives those that are
// under way their answers, publishes the company's status as offline (another
// server of the company takes that back), and ends the connection. The context bounds it; a broker that is away is not waited for.
func (r *Remote) Stop(ctx context.Context) error {
	r.mu.Lock()
	running, up, client := r.running, r.isUp(), r.client
	r.running, r.ended = false, true
	r.mu.Unlock()
	if running && up {
		r.leave(ctx, client)
	}
	late := r.dispatcher.close(ctx)
	if !running {
		return late
	}
	if up {
		_ = r.out.put(message{carlink.StatusTopic(r.o.Company), []byte(carlink.Offline), 1, true})
		bounded, cancel := context.WithTimeout(ctx, 5*farewell)
		if err := r.out.empty(bounded); err != nil {
			late = errors.Join(late, errors.New("broker: not everything was acknowledged in time"))
		}
		cancel()
	}
	r.out.close()
	r.cancel()
	r.work.Wait()
	return late
}

// leave ends the subscriptions to what cars say, so that nothing is sent here
// that would find nobody.
func (r *Remote) leave(ctx context.Context, client paho.Client) {
	ctx, cancel := context.WithTimeout(ctx, 2*farewell)
	defer cancel()
	for _, filter := range []string{carlink.RequestFilter, carlink.TelemetryFilter} {
		_ = await(ctx, client.Unsubscribe(r.shared(filter))) // else the connection's end does it
	}
}

// Publish sends a message as the company, or keeps it until the broker is there.
// It never waits.
func (r *Remote) Publish(topic string, payload []byte, qos byte, retained bool) error {
	r.mu.Lock()
	running := r.running
	r.mu.Unlock()
	if !running {
		return ErrStopped
	}
	if err := checkPublish(topic, qos); err != nil {
		return err
	}
	if err := r.out.put(message{topic, slices.Clone(payload), qos, retained}); err != nil {
		return err
	}
	r.counters.published.Add(1)
	return nil
}

// Recheck does nothing: only the broker elsewhere can end a connection there, so
// whoever runs it has to, and to take the old secret out of it.
func (r *Remote) Recheck() {}

// Keeps says where sessions and retained messages are.
func (r *Remote) Keeps() string { return "sessions and retained messages at " + r.host() }

func (r *Remote) host() string {
	u, err := url.Parse(r.o.URL)
	if err != nil {
		return "the broker"
	}
	return u.Host
}

// Ready is nil while there is a connection, else why there is none.
func (r *Remote) Ready() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.isUp() {
		return nil
	}
	return r.problem
}

// isUp reports whether there is a connection; r.mu is held.
func (r *Remote) isUp() bool {
	select {
	case <-r.up:
		return true
	default:
		return false
	}
}

// Stats are what passed through this server; Connected is 1 while there is a
// connection.
func (r *Remote) Stats() Stats {
	s := r.counters.stats()
	s.MessagesIn, s.MessagesOut = s.Received+s.Overflowed+s.RefusedPublishes, s.Published
	s.Backlog, s.BacklogBytes = r.dispatcher.backlog()
	s.InFlight = int64(r.out.len())
	if r.Ready() == nil {
		s.Connected = 1
	}
	return s
}

// send carries the outbox out over one connection.
func (r *Remote) send(ctx context.Context, client paho.Client) {
	tokens := make(chan paho.Token, window)
	var acknowledging sync.WaitGroup
	acknowledging.Go(func() {
		for token := range tokens {
			if await(ctx, token) != nil {
				break
			}
			r.out.arrived()
		}
		for range tokens { // the rest is lost with the connection
		}
	})
	for {
		m, err := r.out.next(ctx)
		if err != nil {
			break
		}
		tokens <- client.Publish(m.topic, m.qos, m.retained, m.payload)
	}
	close(tokens)
	acknowledging.Wait()
	r.out.lost()
}

// hear takes what a car says.
func (r *Remote) hear(_ paho.Client, m paho.Message) {
	topic, err := carlink.ParseTopic(m.Topic())
	if err != nil || !topic.FromCar() || m.Retained() {
		r.counters.refused[PublishTopic].Add(1)
		return
	}
	from := Client{Principal: Principal{Vehicle: topic.Vehicle}}
	l := inbound{client: from, topic: topic, payload: m.Payload(), came: time.Now()}
	reason := Reason(0)
	switch {
	case len(l.payload) > carlink.MaxPayload:
		reason = PublishSize
	case !r.accounts.spend(from.Principal, l.came):
		reason = PublishRate
	default:
		reason = r.dispatcher.put(l)
	}
	if reason == 0 {
		return
	}
	r.counters.refused[reason].Add(1)
	if r.o.Overflow != nil && topic.Kind == carlink.KindRequest {
		r.o.Overflow(from, topic, l.payload)
	}
}

func (r *Remote) deliver(l inbound) { r.counters.run(r.o.Handler, r.o.Logger, l) }
