package httpapi

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/labstack/echo/v4"
)

// Server serves the routes. It is safe for use by many goroutines; whoever
// makes it owns the listener.
type Server struct {
	o       Options
	echo    *echo.Echo
	guards  *guards
	events  *eventsAPI
	groups  []handlers
	bodies  *pile
	metrics *metrics
	origins *http.CrossOriginProtection

	// prefix and count make request ids.
	prefix string
	count  atomic.Uint64
	// life ends with Close.
	life context.Context
	end  context.CancelFunc
}

var _ http.Handler = (*Server)(nil)

// New makes a server; it starts nothing.
func New(o Options) (*Server, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	m, err := newMetrics(o.Metrics)
	if err != nil {
		return nil, err
	}
	origins, err := crossOrigin(o.AllowOrigins)
	if err != nil {
		return nil, err
	}
	s := &Server{
		o: o, echo: echo.New(), bodies: newPile(bodiesInMemory), metrics: m, origins: origins,
		prefix: string(o.Company) + "-" + strconv.FormatUint(uint64(rand.Uint32()), 36) + "-",
	}
	s.life, s.end = context.WithCancel(context.Background())
	s.guards = s.newGuards()
	s.events = s.newEvents()
	s.groups = s.newGroups() // of both before
	s.echo.HTTPErrorHandler = func(err error, c echo.Context) { s.fail(c, err) }
	s.echo.Use(s.frame)
	for _, r := range s.routes() {
		s.add(r)
	}
	return s, nil
}

// ServeHTTP serves one request. A new trip that there is no room for is turned
// away before anything else is done for it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if from := s.o.Trusted.From(r); from != r.RemoteAddr {
		r = r.WithContext(r.Context()) // which is a copy: the server's own stays as it is
		r.RemoteAddr = from
	}
	if !s.sharedWith(w, r) && !s.turnAway(w, r) {
		s.echo.ServeHTTP(w, r)
	}
}

// Routes lists what is served, as METHOD /path/:parameter.
func (s *Server) Routes() []string {
	var list []string
	for _, r := range s.echo.Routes() {
		list = append(list, r.Method+" "+r.Path)
	}
	return list
}

// Close ends the event streams and the waits for trips, so that an
// http.Server.Shutdown need not wait for them. Other requests are still served.
func (s *Server) Close() { s.end() }
