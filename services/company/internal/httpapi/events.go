package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/door"
	"github.com/eletrovia/eletrovia/services/company/internal/elsewhere"
	"github.com/eletrovia/eletrovia/services/company/internal/events"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

const (
	// heartbeat is the pause between comments on a quiet stream.
	heartbeat = 15 * time.Second
	// writeTime is how long one event may take to leave: a reader that takes
	// none is dropped.
	writeTime = 10 * time.Second
	// forwardedLife is how long a company reads for a vehicle before it has to prove
	// again who it is; it resumes where it was.
	forwardedLife = 10 * time.Minute
)

// events answers GET /api/v1/events: server-sent events, a vehicle's own or, to
// the operator, all.
func (s *Server) events(c echo.Context, who identity.Caller) error {
	room := s.streams
	if who.Via != "" {
		room = s.forwarded
	}
	seat, err := room.sit(payer(who), door.Address(c.Request().RemoteAddr))
	if err != nil {
		return err
	}
	defer room.leave(seat)
	after, foreign := lastEventID(c.Request().Header)
	sub, there, stop := s.subscribe(c, who, after)
	defer stop()
	st := stream{c: c, rc: http.NewResponseController(c.Response())}
	defer func() { _ = st.rc.SetWriteDeadline(time.Time{}) }()
	h := c.Response().Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	c.Response().WriteHeader(http.StatusOK)
	if st.text("retry: 2000\n\n") != nil {
		return nil
	}
	if missed := foreign || sub.Missed || after > 0 && after < there.Since; missed && st.event(trip.Event{Type: trip.EventReset, At: s.o.Now().UTC()}) != nil {
		return nil
	}
	if st.silences(there.Heard, s.o.Now().UTC(), who.Vehicle) != nil {
		return nil
	}
	s.pump(st, sub, who, seat.gone)
	return nil
}

// subscribe reads a caller's events: a vehicle's, that has come itself, of all companies.
func (s *Server) subscribe(c echo.Context, who identity.Caller, after uint64) (*events.Subscription, elsewhere.Listening, func()) {
	ctx := c.Request().Context()
	if s.o.Elsewhere == nil || who.Kind != identity.Vehicle || who.Via != "" {
		return s.o.Events.Subscribe(ctx, after, who.Vehicle), elsewhere.Listening{}, func() {}
	}
	sub := s.o.Events.Follow(ctx, after, who.Vehicle) // first, so that nothing is missed
	there, stop, ok := s.o.Elsewhere.Listen(who)
	if !ok {
		stop = func() {}
	}
	return sub, there, stop
}

// silences tells which companies are heard, as far as they have been asked.
func (st stream) silences(list []api.Silence, at time.Time, vehicle charging.VehicleID) error {
	for _, one := range list {
		data, err := json.Marshal(one)
		if err != nil {
			return err
		}
		if err := st.event(trip.Event{Type: trip.EventCompany, At: at, VehicleID: vehicle, Data: data}); err != nil {
			return err
		}
	}
	return nil
}

// pump writes events until the reader goes, lags, may no longer listen, has to give
// way, or the server closes.
func (s *Server) pump(st stream, sub *events.Subscription, who identity.Caller, gone <-chan struct{}) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var over <-chan time.Time
	if who.Via != "" {
		end := time.NewTimer(forwardedLife)
		defer end.Stop()
		over = end.C
	}
	for {
		select {
		case e, open := <-sub.C():
			if !open {
				return
			}
			if st.event(e) != nil {
				return
			}
		case <-beat.C:
			if st.text(": \n\n") != nil || !s.still(st.c.Request(), who) {
				return
			}
		case <-gone:
			return
		case <-over:
			return
		case <-s.life.Done():
			return
		}
	}
}

// still reports whether the reader of a stream is who it was when it began; it
// may have logged out, or have been revoked.
func (s *Server) still(r *http.Request, was identity.Caller) bool {
	now, err := s.now(r, was)
	if err != nil {
		return charging.CodeOf(err) != charging.CodeUnauthenticated
	}
	return now.Kind == was.Kind && now.Vehicle == was.Vehicle
}

// now judges a reader again. The token of a company that reads for a vehicle has ended
// by now; who it is was proved when the stream began.
func (s *Server) now(r *http.Request, was identity.Caller) (identity.Caller, error) {
	if was.Via == "" {
		return s.caller(r)
	}
	if s.o.Suspended(was.Via) != "" {
		return identity.Caller{}, nil
	}
	_, proof, _ := strings.Cut(r.Header.Get(api.VehicleHeader), " ")
	return s.o.Identity.OnBehalf(r.Context(), was.Via, was.Vehicle, proof)
}

// lastEventID is the event after which a stream goes on; foreign is true for an
// id that this server cannot have given.
func lastEventID(h http.Header) (id uint64, foreign bool) {
	text := h.Get("Last-Event-Id")
	if text == "" {
		return 0, false
	}
	id, err := strconv.ParseUint(text, 10, 64)
	return id, err != nil
}

// stream writes server-sent events to one reader.
type stream struct {
	c  echo.Context
	rc *http.ResponseController
}

func (st stream) event(e trip.Event) error {
	raw, err := json.Marshal(e) // one line: JSON escapes line ends
	if err != nil {
		return fmt.Errorf("event %d: %w", e.ID, err)
	}
	text := "event: " + string(e.Type) + "\ndata: " + string(millis(raw)) + "\n\n"
	if e.ID > 0 {
		text = "id: " + strconv.FormatUint(e.ID, 10) + "\n" + text
	}
	return st.text(text)
}

func (st stream) text(s string) error {
	_ = st.rc.SetWriteDeadline(time.Now().Add(writeTime))
	if _, err := st.c.Response().Write([]byte(s)); err != nil {
		return err
	}
	return st.rc.Flush()
}
