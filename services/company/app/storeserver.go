package app

import (
	"context"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/services/company/internal/store/embedded"
)

// StoreServer is a store by itself, which outlives the servers that use it.
type StoreServer struct{ e *embedded.Store }

// StartStore starts what a server would start for itself (Kind, Addr, Dir and Fsync of s),
// without a password: whoever is on this machine may look into it. The context bounds
// the start only.
func StartStore(ctx context.Context, s Store, log zerolog.Logger) (*StoreServer, error) {
	e, err := embedded.Open(ctx, embedded.Options{Addr: s.Addr, Dir: s.Dir, Fsync: s.Fsync, ForceMemory: s.Kind == StoreMemory, Log: log})
	if err != nil {
		return nil, err
	}
	return &StoreServer{e}, nil
}

// Addr is the host:port that it listens on.
func (s *StoreServer) Addr() string { return s.e.Addr() }

// URL is what a server's Store.URL is.
func (s *StoreServer) URL() string { return s.e.URL() }

// Kind is redis-server or miniredis.
func (s *StoreServer) Kind() string { return s.e.Kind() }

// Close stops the store.
func (s *StoreServer) Close(ctx context.Context) error { return s.e.Close(ctx) }
