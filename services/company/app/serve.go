package app

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/services/company/internal/door"
)

const (
	// httpGrace is how long requests in flight may take once the server stops.
	httpGrace = 3 * time.Second
	// headTime is how long a request's head may take, idleTime how long a connection
	// may wait for the next one: longer than clients keep one.
	headTime, idleTime = 10 * time.Second, 2 * time.Minute
	// maxHead bounds a request's head, in bytes.
	maxHead = 32 << 10
	// adminConnections is how many AdminAddr takes.
	adminConnections = 1024
)

// openDoors makes what counts the connections, below what the process may have open.
func (a *App) openDoors() {
	descriptors := door.Descriptors()
	o := door.Options{Most: a.o.Connections, PerAddress: a.o.AddressConnections, Trusted: a.o.TrustedProxies}
	if o.Most == 0 {
		o.Most = door.DefaultMost
	}
	if a.o.AdminAddr != "" {
		back := o
		back.Most = min(adminConnections, door.Below(adminConnections, descriptors/4))
		a.back = door.New(back)
		descriptors -= back.Most
	}
	o.Most = door.Below(o.Most, descriptors)
	a.front = door.New(o)
}

// serveHTTP serves until the clean-up, which gives requests in flight a moment.
func (a *App) serveHTTP(what string, l net.Listener, h http.Handler) {
	if a.o.Around != nil {
		h = a.o.Around(h)
	}
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: headTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHead,
		ErrorLog: log.New(newSampled(a.log.With().Str("room", "rest").Logger()), "", 0),
	}
	door.Watch(s)
	tls := a.o.TLS.HTTPCert != ""
	go func() {
		var err error
		if tls {
			err = s.ServeTLS(l, a.o.TLS.HTTPCert, a.o.TLS.HTTPKey)
		} else {
			err = s.Serve(l)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			a.fail(fmt.Errorf("%s server: %w", what, err))
		}
	}()
	a.cleanups.add(what, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, httpGrace)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			return s.Close()
		}
		return nil
	})
}

// sampled lets a few lines a second into the log, of what callers can cause at will.
type sampled struct{ log zerolog.Logger }

func newSampled(l zerolog.Logger) sampled {
	return sampled{l.Sample(&zerolog.BurstSampler{Burst: 5, Period: time.Second})}
}

// Write logs what net/http says.
func (s sampled) Write(line []byte) (int, error) {
	s.log.Warn().Bytes("said", line[:min(len(line), 500)]).Msg("the HTTP server")
	return len(line), nil
}

// wrongLogin tells of a wrong secret, a few times a second.
func (s sampled) wrongLogin(name, from string) {
	s.log.Warn().Str("name", name[:min(len(name), 64)]).Str("from", from).Msg("a wrong name or secret was shown")
}
