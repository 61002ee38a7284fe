package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/door"
	"github.com/eletrovia/eletrovia/services/company/internal/elsewhere"
	"github.com/eletrovia/eletrovia/services/company/internal/events"
	"github.com/eletrovia/eletrovia/services/company/internal/frames"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
	"github.com/eletrovia/eletrovia/services/company/internal/overview"
)

// eventsAPI is the streams of events.
type eventsAPI struct {
	front     tripReader
	hub       Events
	elsewhere Elsewhere
	traffic   *frames.Traffic
	board     *overview.Board
	peers     func() []api.Peer
	clock     func() api.Clock
	guards    *guards
	log       zerolog.Logger
	life      context.Context

	// forwarded are the streams that peers read for vehicles.
	streams, forwarded *streams
	stands             stands
}

func (a *eventsAPI) routes(g *guards) []route {
	return []route{{get, "/api/v1/events", g.traveller(a.events)}}
}

const (
	// heartbeat is the pause between the signs of life of a quiet stream.
	heartbeat = 15 * time.Second
	// writeTime is how long one event may take to leave: a reader that takes
	// none is dropped.
	writeTime = 10 * time.Second
	// unread is how much of a stream the system keeps for a reader that does not take it,
	// in bytes; it doubles that.
	unread = 64 << 10
	// forwardedLife is how long a company reads for a vehicle before it has to prove
	// again who it is; it resumes where it was.
	forwardedLife = 10 * time.Minute
)

// events answers GET /api/v1/events: server-sent events, a vehicle's own or, to
// the operator, all; of these what is asked for. INVALID_FIELD, FORBIDDEN.
func (a *eventsAPI) events(c echo.Context, who identity.Caller) error {
	w, err := wishOf(c, who)
	if err != nil {
		return err
	}
	room := a.streams
	if who.Via != "" {
		room = a.forwarded
	}
	seat, err := room.sit(payer(who), door.Address(c.Request().RemoteAddr))
	if err != nil {
		return err
	}
	defer room.leave(seat)
	door.Shallow(c.Request().Context(), unread)
	f := a.feed(c, who, w)
	defer f.close()
	f.gone = seat.gone
	h := c.Response().Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	c.Response().WriteHeader(http.StatusOK)
	if f.begin() == nil {
		f.pump()
	}
	return nil
}

// feed is one stream: what it reads, and where it is written.
type feed struct {
	stream
	from *eventsAPI
	who  identity.Caller
	wish wish
	gone <-chan struct{}

	ctx    context.Context
	cancel context.CancelFunc
	sub    *events.Subscription
	lost   bool // the reader has missed something
	// cars and overview are nil where they are not wished for, as are their channels.
	// there is what is listened to elsewhere, until stop.
	there elsewhere.Listening
	stop  func()

	cars         *frames.Reader
	overview     *overview.Reader
	moved, ticks <-chan struct{}
}

// feed opens what a stream reads; nothing is written yet.
func (a *eventsAPI) feed(c echo.Context, who identity.Caller, w wish) *feed {
	f := &feed{stream: stream{c: c, rc: http.NewResponseController(c.Response())}, from: a, who: who, wish: w}
	f.ctx, f.cancel = context.WithCancel(c.Request().Context())
	f.listen()
	f.lost = w.foreign || f.sub.Missed || w.after > 0 && w.after < f.there.Since
	if w.wants(trip.EventCars) {
		f.cars = a.traffic.Watch(w.filter.Only, w.filter.Boxes)
		f.moved = f.cars.C()
	}
	if w.wants(trip.EventOverview) {
		f.overview = a.board.Watch()
		f.ticks = f.overview.C()
	}
	return f
}

// listen reads a caller's events: a vehicle's, that has come itself, of all companies.
func (f *feed) listen() {
	f.stop = func() {}
	f.wish.filter.Everywhere = f.from.elsewhere != nil && f.who.Kind == identity.Vehicle && f.who.Via == ""
	f.sub = f.from.hub.Subscribe(f.ctx, f.wish.after, f.wish.filter) // first, so that nothing is missed
	if !f.wish.filter.Everywhere {
		return
	}
	if there, stop, ok := f.from.elsewhere.Listen(f.who); ok {
		f.there, f.stop = there, stop
	} else {
		f.there = there
	}
}

// silences tells which companies are heard, as far as they have been asked.
func (f *feed) silences() error {
	if f.wish.chosen && !f.wish.wants(trip.EventCompany) {
		return nil
	}
	for _, one := range f.there.Heard {
		if err := f.event(trip.EventCompany, one); err != nil {
			return err
		}
	}
	return nil
}

func (f *feed) close() {
	f.stop()
	f.cancel()
	if f.cars != nil {
		f.cars.Close()
	}
	if f.overview != nil {
		f.overview.Close()
	}
	_ = f.rc.SetWriteDeadline(time.Time{})
}

// begin writes what a stream begins with.
func (f *feed) begin() error {
	if err := f.text([]byte("retry: 2000\n\n")); err != nil {
		return err
	}
	if f.lost {
		if err := f.event(trip.EventReset, nil); err != nil {
			return err
		}
	}
	switch {
	case !f.wish.chosen:
		return f.silences()
	case f.wish.after > 0 && !f.lost: // it goes on where it was
		if f.cars != nil {
			if err := f.items(f.cars.Take()...); err != nil {
				return err
			}
		}
		return errors.Join(f.now(), f.silences())
	}
	return errors.Join(f.snapshot(0), f.silences())
}

// pump writes events until the reader goes, lags, may no longer listen, has to give
// way, or the server closes.
func (f *feed) pump() {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var over <-chan time.Time
	if f.who.Via != "" {
		end := time.NewTimer(forwardedLife)
		defer end.Stop()
		over = end.C
	}
	for {
		var err error
		select {
		case item, open := <-f.sub.C():
			if !open {
				return
			}
			err = f.happened(item)
		case <-f.moved:
			err = f.items(f.cars.Take()...)
		case <-f.ticks:
			err = f.items(f.overview.Take())
		case <-beat.C:
			if err = f.beat(); err == nil && !f.from.guards.still(f.c.Request(), f.who) {
				return
			}
		case <-f.gone:
			return
		case <-over:
			return
		case <-f.from.life.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// happened passes an event on. After one that says that some were missed, a stream that
// began with a snapshot gets another.
func (f *feed) happened(item *events.Item) error {
	err := f.items(item)
	f.sub.Took(item)
	if err == nil && f.wish.chosen && item.Type == trip.EventReset {
		err = f.snapshot(item.ID) // else it would be told of again, for ever
	}
	return err
}

// beat is a sign of life.
func (f *feed) beat() error {
	if f.wish.chosen {
		return f.now()
	}
	return f.text([]byte(": \n\n"))
}

// now tells the time.
func (f *feed) now() error { return f.event(trip.EventNow, f.from.clock()) }

// event writes what is for this reader alone.
func (f *feed) event(kind trip.EventType, data any) error {
	e := trip.Event{Type: kind, At: time.Now().UTC()}
	if kind == trip.EventCompany {
		e.VehicleID = f.who.Vehicle
	}
	if data != nil {
		raw, err := json.Marshal(data)
		if err != nil {
			return err
		}
		e.Data = raw
	}
	item, err := events.Encode(e)
	if err != nil {
		return err
	}
	return f.items(item)
}

// stream writes server-sent events to one reader.
type stream struct {
	c  echo.Context
	rc *http.ResponseController
}

// items writes some, as they are.
func (st stream) items(list ...*events.Item) error {
	if len(list) == 1 {
		return st.text(list[0].Text)
	}
	var all []byte
	for _, item := range list {
		all = append(all, item.Text...)
	}
	return st.text(all)
}

func (st stream) text(s []byte) error {
	if len(s) == 0 {
		return nil
	}
	_ = st.rc.SetWriteDeadline(time.Now().Add(writeTime))
	if _, err := st.c.Response().Write(s); err != nil {
		return err
	}
	return st.rc.Flush()
}
