package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/services/company/internal/federation"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// Finding is the result of one check of a configuration.
type Finding struct {
	// What was looked at: "store", "peer SER".
	What string `json:"what"`
	OK   bool   `json:"ok"`
	// Detail says what was found, or what is wrong and what to do about it.
	Detail string `json:"detail"`
}

func fine(what, format string, a ...any) Finding {
	return Finding{What: what, OK: true, Detail: fmt.Sprintf(format, a...)}
}

func wrong(what string, err error) Finding { return Finding{What: what, Detail: err.Error()} }

// federationVersion is the version of the federation API that this server speaks.
const federationVersion = "1"

// maxSkew is how far a peer's clock may be off before its tickets do not count.
const maxSkew = 2 * time.Second

// Check looks at what a server with these options would meet: its
// configuration, store, ports and peers. It starts nothing and leaves nothing.
func Check(ctx context.Context, o Options) []Finding {
	a, err := New(o)
	if err != nil {
		return []Finding{wrong("configuration", err)}
	}
	found := []Finding{fine("configuration", "%s (%s), %d locations, %d peers", a.o.Company, a.o.Name, len(a.offer.Load().Locations), len(a.o.Peers))}
	u := checkup{a.o}
	runs := u.answers(ctx)
	found = append(found, u.checkStore(ctx)...)
	found = append(found, checkPort("REST port", a.o.HTTPAddr, runs), checkPort("MQTT port", a.o.MQTTAddr, runs))
	var clocks []federation.Comparison
	for _, p := range a.o.Peers {
		f, clock := u.checkPeer(ctx, p)
		found = append(found, f)
		if clock != nil {
			clocks = append(clocks, *clock)
		}
	}
	if ahead, off := federation.OwnClock(clocks, maxSkew); off && 2*len(clocks) > len(a.o.Peers) {
		found = append(found, wrong("clock", errors.New(ownClockIs(ahead))))
	}
	return found
}

// checkup looks at what a server would meet.
type checkup struct{ o Options }

// checkStore connects to a configured Redis, and says which store would be
// started where there is none.
func (u checkup) checkStore(ctx context.Context) []Finding {
	if u.o.Store.URL == "" {
		return []Finding{u.checkEmbedded(), u.checkMemory()}
	}
	st, err := store.Open(ctx, store.Options{URL: u.o.Store.URL, Prefix: u.o.Store.Prefix, Replicas: u.o.Store.Replicas})
	if err != nil {
		return []Finding{wrong("store", err)}
	}
	defer func() { _ = st.Close() }()
	settings, err := st.Check(ctx)
	if err != nil {
		return []Finding{wrong("store", err)}
	}
	found := []Finding{
		fine("store", "redis at %s; it can lose at a power cut: %s", hostsOf(u.o.Store.URL), settings.Loses()), u.checkMemory(),
	}
	for _, risk := range settings.Risks() {
		found = append(found, fine("store risk", "%s", risk))
	}
	return found
}

// checkMemory says when a store that has lost its memory is noticed.
func (u checkup) checkMemory() Finding {
	file := u.o.memoryFile()
	if file == "" {
		return fine("store memory", "a store that loses its memory is noticed only while this server runs: name a data directory to notice it after a restart, too")
	}
	return fine("store memory", "a store that loses its memory is noticed, also after a restart, by %s", file)
}

func (u checkup) checkEmbedded() Finding {
	path, err := exec.LookPath("redis-server")
	switch {
	case u.o.Store.Kind == StoreMemory, err != nil && u.o.Store.Kind == StoreAuto:
		return fine("store", "embedded, in memory: everything is lost when the server stops (install redis-server to keep it)")
	case err != nil:
		return wrong("store", errors.New("there is no redis-server on this machine: install one, or take the store auto or memory"))
	case u.o.Store.Dir == "":
		return fine("store", "embedded, %s in a temporary directory: everything is lost when the server stops (name a data directory to keep it)", path)
	}
	return fine("store", "embedded, %s in %s", path, u.o.Store.Dir)
}

// answers reports whether a server of ours listens on the REST address already.
func (u checkup) answers(ctx context.Context) bool {
	scheme, host, port := "http://", "", ""
	if u.o.TLS.HTTPCert != "" {
		scheme = "https://"
	}
	host, port, _ = net.SplitHostPort(u.o.HTTPAddr)
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	trust, err := u.o.TLS.roots()
	if err != nil || port == "0" {
		return false
	}
	d, err := client.NewDriver(client.DriverOptions{
		BaseURL: scheme + net.JoinHostPort(host, port), HTTP: client.NewHTTP(trust), Timeout: time.Second,
	})
	if err != nil {
		return false
	}
	who, err := d.Whoami(ctx)
	return err == nil && who.CompanyID == u.o.Company
}

// checkPort binds the address for a moment. That it is taken is fine where it is
// this company's own server that runs.
func checkPort(what, addr string, runs bool) Finding {
	l, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		_ = l.Close()
		return fine(what, "%s is free", addr)
	case runs:
		return fine(what, "%s: this company's server runs already", addr)
	}
	return wrong(what, fmt.Errorf("%w: stop what listens there, or choose another port", err))
}

// showsUnopened gives what is shown to a peer before anything is opened. A key is read
// where there is one; none is made.
func (u checkup) showsUnopened(p Peer) (func() (string, error), error) {
	if p.byToken() {
		return client.Fixed(p.Token), nil
	}
	path := u.o.keyFile()
	if _, err := os.Stat(path); path == "" || err != nil {
		return nil, errors.New("this company has no key yet, and shows none: start the server once, or run eletrovia keys show --data DIR")
	}
	keys, err := identity.LoadKeys(path)
	if err != nil {
		return nil, err
	}
	own := identity.NewCredentials(u.o.Company, keys, nil)
	return func() (string, error) { return own.For(p.ID) }, nil
}

// checkPeer asks a peer who it is: that needs its address, what it takes as ours, a common
// version and a clock, which is compared with this machine's where it is told.
func (u checkup) checkPeer(ctx context.Context, p Peer) (Finding, *federation.Comparison) {
	what := "peer " + string(p.ID)
	trust, err := u.o.TLS.roots()
	if err != nil {
		return wrong(what, err), nil
	}
	shows, err := u.showsUnopened(p)
	if err != nil {
		return wrong(what, err), nil
	}
	c, err := client.New(client.Options{
		BaseURL: p.URL, Token: shows, Self: u.o.Company, Peer: p.ID, HTTP: client.NewHTTP(trust), Timeout: 3 * time.Second,
	})
	if err != nil {
		return wrong(what, err), nil
	}
	began := time.Now()
	info, err := c.Company(ctx)
	took := time.Since(began)
	if err != nil {
		return wrong(what, fmt.Errorf("at %s: %w", p.URL, err)), nil
	}
	if !slices.Contains(info.Versions, federationVersion) {
		return wrong(what, fmt.Errorf("it speaks the federation API in versions %v, this server in %s", info.Versions, federationVersion)), nil
	}
	var clock *federation.Comparison
	skew := time.Duration(0)
	if us, err := strconv.ParseInt(info.Time, 10, 64); err == nil {
		skew = time.UnixMicro(us).Sub(began.Add(took / 2))
		clock = &federation.Comparison{Ahead: skew, Give: took / 2}
	}
	if skew.Abs() > maxSkew {
		return wrong(what, fmt.Errorf("its clock is off by %s, so its tickets will not count: set the clocks (NTP)", skew.Round(time.Millisecond))), clock
	}
	return fine(what, "%s at %s answers in %s and takes what we show; its clock is off by %s", info.Name, p.URL,
		took.Round(100*time.Microsecond), skew.Round(time.Millisecond)), clock
}
