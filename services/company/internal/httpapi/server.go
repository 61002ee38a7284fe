package httpapi

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/carlink"
)

// Server serves the routes. It is safe for use by many goroutines; whoever
// makes it owns the listener.
type Server struct {
	o       Options
	echo    *echo.Echo
	limits  limits
	bodies  *pile
	streams *streams
	stands  stands
	// forwarded are the streams that peers read for vehicles.
	forwarded *streams
	metrics   *metrics
	origins   *http.CrossOriginProtection
	cookie    string
	docs      func() ([]byte, error)

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
		o: o, echo: echo.New(), limits: newLimits(o.RateLimit), bodies: newPile(bodiesInMemory), streams: newStreams(o.MaxStreams), forwarded: newStreams(2 * o.MaxStreams), metrics: m,
		origins: origins, cookie: cookieName + "_" + string(o.Company),
		docs:   sync.OnceValues(renderDocs),
		prefix: string(o.Company) + "-" + strconv.FormatUint(uint64(rand.Uint32()), 36) + "-",
	}
	s.life, s.end = context.WithCancel(context.Background())
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

// add serves a route. HEAD answers as GET does (RFC 9110 §9.1; the connection leaves the
// body out), but for a stream: it has no end, and would be opened to say nothing.
func (s *Server) add(r route) {
	if squeezed[r.path] && r.method == http.MethodGet {
		r.handle = squeeze(r.handle)
	}
	s.echo.Add(r.method, r.path, r.handle)
	if r.method == http.MethodGet && !unending[r.path] {
		s.echo.Add(http.MethodHead, r.path, r.handle)
	}
}

// unending are the routes whose answers go on until somebody leaves.
var unending = map[string]bool{"/api/v1/events": true}

type route struct {
	method, path string
	handle       echo.HandlerFunc
}

// routes is the table of openapi.yaml, in its order.
func (s *Server) routes() []route {
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	trips, reservations := "/api/v1/trips", "/federation/v1/reservations/:reservation_id"
	return []route{
		{post, "/api/v1/plans", s.guest(s.plan)},
		{post, trips, s.known(s.createTrip)},
		{get, trips, s.traveller(s.listTrips)},
		{get, trips + "/:trip_id", s.trip(s.getTrip)},
		{del, trips + "/:trip_id", s.trip(s.cancelTrip)},
		{post, trips + "/:trip_id/decision", s.trip(s.decide)},
		{get, trips + "/:trip_id/alternatives", s.trip(s.alternatives)},
		{post, trips + "/:trip_id/swap", s.trip(s.swap)},
		{get, trips + "/:trip_id/history", s.trip(s.history)},
		{get, "/api/v1/locations", s.anybody(s.locations)},
		{get, "/api/v1/places", s.anybody(s.places)},
		{get, "/api/v1/places/near", s.anybody(s.placesNear)},
		{get, "/api/v1/models", s.anybody(s.models)},
		{get, "/api/v1/evses/:evse_id/availability", s.anybody(s.evseAvailability)},
		{get, "/api/v1/events", s.traveller(s.events)},
		{get, "/api/v1/reservations/:reservation_id/history", s.known(s.reservationHistory)},
		{post, "/api/v1/vehicles", s.anybody(s.registerVehicle)},
		{post, "/api/v1/vehicles/:vehicle_id/plug", s.traveller(s.plug(carlink.ActionPlug, s.o.FrontDesk.Plug))},
		{post, "/api/v1/vehicles/:vehicle_id/unplug", s.traveller(s.plug(carlink.ActionUnplug, s.o.FrontDesk.Unplug))},
		{get, "/api/v1/vehicles/me", s.known(s.me)},
		{post, "/api/v1/vehicles/:vehicle_id/token", s.known(s.vehiclePass)},
		{post, "/api/v1/vehicles/:vehicle_id/revoke", s.known(s.revokeVehicle)},
		{post, "/api/v1/session", s.openSession},
		{get, "/api/v1/session", s.session},
		{del, "/api/v1/session", s.page(s.closeSession)},
		{get, "/api/v1/sessions", s.known(s.sessions)},
		{del, "/api/v1/sessions/:session_id", s.known(s.endSession)},

		{get, "/api/v1/stage", s.anybody(s.stage)},
		{post, "/api/v1/stage", s.anybody(s.steerStage)},

		{post, "/api/v1/invites", s.operator(s.invite)},
		{get, "/api/v1/overview", s.operator(s.overview)},
		{get, "/api/v1/broker", s.operator(s.broker)},
		{get, "/api/v1/locks", s.operator(s.locks)},
		{get, "/api/v1/audit", s.operator(s.acts)},
		{get, "/api/v1/calendars", s.operator(s.calendars)},
		{get, "/api/v1/bookings", s.operator(s.bookings)},
		{get, "/api/v1/peers", s.operator(s.peers)},
		{post, "/api/v1/peers/:company_id/token", s.operator(s.peerToken)},
		{post, "/api/v1/peers/:company_id/suspend", s.operator(s.suspendPeer)},
		{post, "/api/v1/peers/:company_id/resume", s.operator(s.resumePeer)},
		{post, trips + "/:trip_id/retry", s.operator(s.retryTrip)},
		{post, trips + "/:trip_id/resolve", s.operator(s.resolveTrip)},
		{put, "/api/v1/evses/:evse_id/status", s.operator(s.setEVSEStatus)},
		{post, "/api/v1/reservations/:reservation_id/cancel", s.operator(s.cancelBooking)},
		{post, "/api/v1/reservations/:reservation_id/release", s.operator(s.releaseHold)},
		{post, "/api/v1/reservations/:reservation_id/extend", s.operator(s.extendStay)},
		{post, "/api/v1/reservations/:reservation_id/move", s.operator(s.moveBooking)},
		{post, "/api/v1/vehicles/:vehicle_id/cancel", s.operator(s.cancelVehicle)},
		{post, "/api/v1/vehicles/:vehicle_id/message", s.operator(s.message)},
		{get, "/api/v1/recovery", s.operator(s.recovery)},
		{post, "/api/v1/recovery/accept", s.operator(s.acceptLoss)},
		{get, "/api/v1/inventory", s.operator(s.inventory)},
		{post, "/api/v1/inventory/reload", s.operator(s.reloadInventory)},

		{get, "/federation/v1/company", s.peer(s.company)},
		{get, "/federation/v1/locations", s.peer(s.ownLocations)},
		{post, "/federation/v1/availability", s.peer(s.ownAvailability)},
		{post, reservations + "/reserve", s.peer(s.reserve)},
		{post, reservations + "/claim", s.peer(s.claim)},
		{post, reservations + "/renew", s.peer(s.renew)},
		{post, reservations + "/confirm", s.peer(s.act(s.o.Desk.Confirm))},
		{post, reservations + "/compensate", s.peer(s.act(s.o.Desk.Compensate))},
		{post, reservations + "/start", s.peer(s.start)},
		{post, reservations + "/move", s.peer(s.move)},
		{post, reservations + "/complete", s.peer(s.complete)},
		{get, reservations + "/ticket", s.peer(s.issued)},
		{get, reservations, s.peer(s.reservation)},
		{post, "/federation/v1/vehicles/:vehicle_id/contest", s.peer(s.contest)},
		{post, "/federation/v1/vehicles/:vehicle_id/token", s.peer(s.exchange)},
		{post, "/federation/v1/vehicles/:vehicle_id/message", s.peer(s.peerMessage)},
		{get, "/federation/v1/trips/:trip_id/outcome", s.peer(s.outcome)},
		{post, "/federation/v1/outcomes", s.peer(s.outcomes)},
		{get, "/federation/v1/promises", s.peer(s.promises)},
		{post, "/federation/v1/trips/:trip_id/preempted", s.peer(s.preempted)},
		{post, "/federation/v1/trips/:trip_id/changed", s.peer(s.changed)},
		{post, "/federation/v1/trips/:trip_id/rearrange", s.peer(s.peerRearrange)},

		{get, "/.well-known/jwks.json", s.anybody(s.jwks)},
		{get, "/healthz", s.page(s.healthz)},
		{get, "/readyz", s.apart(s.page(s.readyz))},
		{get, "/metrics", s.apart(s.page(s.metricsPage()))},
		{get, "/openapi.yaml", s.page(s.spec)},
		{get, "/asyncapi.yaml", s.page(s.asyncSpec)},
		{get, "/docs", s.page(s.docsPage)},
		{get, "/problems", s.page(s.problemsPage)},
		{get, "/problems/:code", s.page(s.problemPage)},
		{get, "/favicon.ico", s.page(s.favicon)},
		{get, "/", s.page(s.appPage)},
		{get, "/trips", s.page(s.appPage)},
		{get, "/trips/:trip_id", s.page(s.appPage)},
		{get, "/ops", s.page(s.appPage)},
		{get, "/ops/trips/:trip_id", s.page(s.appPage)},
		{get, "/stage", s.page(s.appPage)},
		{get, "/assets/*", s.page(s.asset)},
	}
}
