package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/door"
	"github.com/eletrovia/eletrovia/services/company/internal/inventory"
)

// App is one company's server.
type App struct {
	*core
	trust      *trust
	suspender  *suspender
	neighbours *neighbours
	news       *news
	stock      *stock
	health     *health
	carBroker  *carBroker

	failed   chan error
	cleanups cleanups
	// leaving is set when the server is to stop: /readyz says so, and all else
	// goes on; stopping when it takes no new trips any more.
	leaving, stopping atomic.Bool

	// front counts the connections of REST and MQTT, back those of AdminAddr.
	front, back *door.Door

	mu              sync.Mutex
	listener, admin net.Listener
	started         bool
}

// core is what an App and its parts share: what they were told, and the rooms, which the
// start makes one after the other. A part is used once those that it asks are there.
type core struct {
	o     Options
	log   zerolog.Logger
	offer atomic.Pointer[inventory.Inventory]
	rooms rooms
}

// New checks the options and reads the inventory; nothing is started. Its
// errors are mistakes of the configuration, one line each.
func New(o Options) (*App, error) {
	o = o.withDefaults()
	offer, err := o.readInventory()
	if err != nil {
		return nil, err
	}
	if o.Company == "" {
		o.Company = offer.Company
	}
	if o.Name == "" {
		o.Name = offer.Name
	}
	if o.Company != offer.Company {
		return nil, fmt.Errorf("the company is %s, but %s describes %s", o.Company, o.Inventory, offer.Company)
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	c := &core{o: o, log: o.Log}
	c.offer.Store(&offer)
	a := &App{core: c, failed: make(chan error, 1)}
	a.openDoors()
	a.trust, a.suspender, a.stock = &trust{c}, &suspender{c}, &stock{core: c}
	a.neighbours = &neighbours{c, a.trust}
	a.news = &news{c, a.trust, a.suspender}
	a.health = &health{c, a.neighbours, &a.leaving}
	a.carBroker = &carBroker{c, a.trust, a.news, a.front}
	return a, nil
}

// readInventory gives the file's content, or the demo's company.
func (o Options) readInventory() (inventory.Inventory, error) {
	if o.Inventory != "" {
		return inventory.Read(o.Inventory)
	}
	if o.Company == "" {
		return inventory.Inventory{}, errors.New("say which company this is (MAR, SER or CAJ), or give a file of its locations")
	}
	offer, ok := inventory.Default(o.Company)
	if !ok {
		return offer, fmt.Errorf("company %q is none of the demo's (%v): give a file of its locations", o.Company, inventory.Companies())
	}
	return offer, nil
}

// Listen binds the REST addresses, so that URL and HTTPAddr are known before
// Start. Connections wait until then.
func (a *App) Listen(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.listener != nil {
		return nil
	}
	l, err := a.bind(ctx, "REST", a.o.HTTPAddr)
	if err != nil {
		return err
	}
	a.listener = a.front.Listen(l)
	if a.o.AdminAddr == "" {
		return nil
	}
	if l, err = a.bind(ctx, "the operator's REST", a.o.AdminAddr); err != nil {
		return err
	}
	a.admin = a.back.Listen(l)
	return nil
}

// bind opens an address, which the clean-up closes.
func (a *App) bind(ctx context.Context, what, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s cannot listen on %s: %w (stop what listens there, or choose another port)", what, addr, err)
	}
	a.cleanups.add(what+" listener", func(context.Context) error {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return l, nil
}

// SetPeers replaces the peers of the options; before Start only.
func (a *App) SetPeers(peers []Peer) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.started {
		return errors.New("app: peers are set before the start")
	}
	o := a.o
	o.Peers = peers
	if err := o.Validate(); err != nil {
		return err
	}
	a.o = o
	return nil
}

// Start brings everything up and returns when requests are served. The context
// bounds the start only. After an error Stop takes down what had been started.
func (a *App) Start(ctx context.Context) error {
	if err := a.Listen(ctx); err != nil {
		return err
	}
	a.mu.Lock()
	again := a.started
	a.started = true
	a.mu.Unlock()
	if again {
		return errors.New("app: started twice")
	}
	if err := a.wire(ctx); err != nil {
		return fmt.Errorf("%s: %w", a.o.Company, err)
	}
	return nil
}

// Stop takes everything down in reverse order: /readyz says that the server goes
// (for a moment, where other servers of the company are there), no new trips are
// taken, those in flight reach a safe point and go to the other servers, streams and connections end, the store is closed.
// The context bounds it. Stopping twice, or what was never started, is fine.
func (a *App) Stop(ctx context.Context) error {
	return a.cleanups.run(ctx, a.log)
}

// Failed gets the error that ends a running server by itself.
func (a *App) Failed() <-chan error { return a.failed }

func (a *App) fail(err error) {
	select {
	case a.failed <- err:
	default:
	}
}

// Company is who this is.
func (c *core) Company() charging.CompanyID { return c.o.Company }

// HTTPAddr is host:port of REST; empty before Listen.
func (a *App) HTTPAddr() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.listener == nil {
		return ""
	}
	return a.listener.Addr().String()
}

// AdminAddr is host:port where /readyz, /metrics, peers and the operator are served;
// empty where that is HTTPAddr.
func (a *App) AdminAddr() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.admin == nil {
		return ""
	}
	return a.admin.Addr().String()
}

// URL is where others reach the REST server: what is advertised, or what is
// listened on.
func (a *App) URL() string {
	if a.o.AdvertiseHTTP != "" {
		return a.o.AdvertiseHTTP
	}
	scheme := "http://"
	if a.o.TLS.HTTPCert != "" {
		scheme = "https://"
	}
	return scheme + a.HTTPAddr()
}
