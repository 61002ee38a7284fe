package app

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/eletrovia/eletrovia/services/company/internal/store"
	"github.com/eletrovia/eletrovia/services/company/internal/store/embedded"
)

// openStore connects to the configured Redis, or starts one. A store that may
// evict keys is refused: it would drop bookings without a word.
func (a *App) openStore(ctx context.Context) error {
	url, err := a.storeURL(ctx)
	if err != nil {
		return err
	}
	o := store.Options{URL: url, Prefix: a.o.Store.Prefix, Replicas: a.o.Store.Replicas, Limits: *a.o.Limits}
	if !a.o.Clock.real() {
		o.Civil = a.o.Clock.Now
	}
	st, err := store.Open(ctx, o)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	a.rooms.store = st
	a.cleanups.add("store connections", func(context.Context) error { return st.Close() })
	settings, err := st.Check(ctx)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	a.rooms.settings.first = settings
	if a.rooms.embedded == nil {
		a.rooms.storeKind, a.rooms.storeLoses = "redis", settings.Loses()
	}
	return nil
}

// storeURL is the configured one, or that of an embedded store, started here.
func (a *App) storeURL(ctx context.Context) (string, error) {
	s := a.o.Store
	if s.URL != "" {
		a.rooms.storeAddr = hostsOf(s.URL)
		return s.URL, nil
	}
	if s.Kind == StoreRedis {
		if _, err := exec.LookPath("redis-server"); err != nil {
			return "", fmt.Errorf("there is no redis-server on this machine: install one, or take the store auto or memory")
		}
	}
	e, err := embedded.Open(ctx, embedded.Options{
		Addr: s.Addr, Dir: s.Dir, Fsync: s.Fsync, Password: s.Password, ForceMemory: s.Kind == StoreMemory, Log: a.log,
	})
	if err != nil {
		return "", err
	}
	a.cleanups.add("embedded store", e.Close)
	a.rooms.embedded = e
	a.rooms.storeAddr, a.rooms.storeKind, a.rooms.storeLoses = e.Addr(), e.Kind(), e.Loses()
	return e.URL(), nil
}

// memoryFile is where this server keeps what it knows of its store; empty
// without a data directory: then a loss is noticed only while the server runs.
func (o Options) memoryFile() string {
	if o.DataDir == "" {
		return ""
	}
	return filepath.Join(o.DataDir, "store-memory.json")
}

func (a *App) openMark() error {
	mark, err := a.rooms.store.Incarnation(store.IncarnationOptions{File: a.o.memoryFile(), Locations: a.stock.settled.desk.Places()})
	if err != nil {
		return err
	}
	a.rooms.mark = mark
	a.cleanups.add("birth mark", func(context.Context) error { return mark.Close() })
	return nil
}

// hostsOf a store's URL, without user and password.
func hostsOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	rest, _, _ = strings.Cut(rest, "/")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	return rest
}
