package elsewhere

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"golang.org/x/time/rate"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

const (
	// lingers is how long a vehicle is listened for after its last reader has gone: one
	// that comes again misses nothing.
	lingers = 30 * time.Second
	// soonest and latest bound the pause before a company that does not answer is asked
	// again.
	soonest, latest = time.Second, 15 * time.Second
	// eventsPerSecond and eventsAtOnce of one vehicle are taken.
	eventsPerSecond, eventsAtOnce = 50, 500
)

// Sink takes the events of other companies.
type Sink interface {
	// Import hands one to the readers of its vehicle, under an id of this server.
	Import(e trip.Event)
	// Last is the id of the newest event here.
	Last() uint64
}

// feed listens for one vehicle at all peers, however many readers it has here.
type feed struct {
	readers int
	// who asks: the newest reader, whose proof is the freshest.
	who identity.Caller
	// since is the id of the last event here when the feed began: who resumes from
	// before it has missed something.
	since uint64
	heard map[charging.CompanyID]bool
	// pace is how fast events are taken: the peers' own streams wait, or drop us.
	pace *rate.Limiter
	end  context.CancelFunc
	// idle ends the feed when nobody has come.
	idle *time.Timer
}

// Listening is what a reader learns when it begins to listen.
type Listening struct {
	// Since is the id before which nothing of other companies can be resumed.
	Since uint64
	// Heard are the companies that have been asked, and whether they are heard.
	Heard []api.Silence
}

// Listen listens for a vehicle at all peers until stop is called; their events go to
// the Sink. ok is false where nothing shows that the caller asks, or nobody is there.
func (t *Trips) Listen(who identity.Caller) (l Listening, stop func(), ok bool) {
	others := t.Companies(who)
	if len(others) == 0 {
		return l, nil, false
	}
	if _, err := t.o.Vouch(who, others[0]); err != nil {
		return l, nil, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.life.Err() != nil {
		return l, nil, false
	}
	f := t.feeds[who.Vehicle]
	if f == nil {
		f = &feed{since: t.o.Sink.Last(), heard: map[charging.CompanyID]bool{}, pace: rate.NewLimiter(eventsPerSecond, eventsAtOnce)}
		ctx, end := context.WithCancel(t.life)
		f.end = end
		t.feeds[who.Vehicle] = f
		for _, c := range others {
			t.listeners.Go(func() { t.follow(ctx, who.Vehicle, c, f) })
		}
	}
	if f.idle != nil {
		f.idle.Stop()
	}
	f.readers++
	f.who = who
	l.Since = f.since
	for _, c := range others {
		if heard, asked := f.heard[c]; asked {
			l.Heard = append(l.Heard, api.Silence{CompanyID: c, Heard: heard})
		}
	}
	return l, func() { t.leave(who.Vehicle, f) }, true
}

// leave lets a reader go, and the feed soon after the last one.
func (t *Trips) leave(v charging.VehicleID, f *feed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.readers--; f.readers > 0 {
		return
	}
	f.idle = time.AfterFunc(lingers, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if f.readers == 0 && t.feeds[v] == f {
			delete(t.feeds, v)
			f.end()
		}
	})
}

// Close ends all feeds, and waits for them.
func (t *Trips) Close() {
	t.mu.Lock()
	t.endLife()
	for _, f := range t.feeds {
		if f.idle != nil {
			f.idle.Stop()
		}
	}
	t.mu.Unlock()
	t.listeners.Wait()
}

// follow listens at one company, again and again.
func (t *Trips) follow(ctx context.Context, v charging.VehicleID, c charging.CompanyID, f *feed) {
	var last uint64
	pause := soonest
	for ctx.Err() == nil {
		began := time.Now()
		heard, err := t.hear(ctx, c, f, &last)
		if heard {
			pause = soonest
		}
		if errors.Is(err, io.EOF) && time.Since(began) > soonest {
			continue // it ends streams from time to time, and this one is resumed
		}
		if ctx.Err() != nil {
			return
		}
		t.note(v, c, f, false)
		again := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-again.C:
		}
		again.Stop()
		pause = min(2*pause, latest)
	}
}

// hear listens until a stream ends; heard is true where there was one. last is the id of
// the last event of that company.
func (t *Trips) hear(ctx context.Context, c charging.CompanyID, f *feed, last *uint64) (heard bool, err error) {
	t.mu.Lock()
	who := f.who
	t.mu.Unlock()
	proof, err := t.o.Vouch(who, c)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next, err := t.o.Peers.Follow(ctx, c, client.Forwarded{Vehicle: who.Vehicle, Proof: proof}, *last)
	if err != nil {
		return false, err
	}
	t.note(who.Vehicle, c, f, true)
	for {
		e, err := next()
		if err != nil {
			return true, err
		}
		if e.ID > 0 {
			*last = e.ID
		}
		if err := f.pace.Wait(ctx); err != nil {
			return true, err
		}
		t.pass(who.Vehicle, c, e)
	}
}

// pass hands on what a company may tell a vehicle: its own events, and that some were
// missed.
func (t *Trips) pass(v charging.VehicleID, c charging.CompanyID, e trip.Event) {
	switch e.Type {
	case trip.EventReset:
		t.tell(v, c, true)
	case trip.EventTrip, trip.EventReservation, trip.EventCar, trip.EventMessage:
		if e.VehicleID == v && (e.TripID == "" || e.TripID.Validate() == nil) && (e.Type != trip.EventMessage || said(c, e.Data)) {
			t.o.Sink.Import(e)
		}
	}
}

// said reports whether a company tells of a message of its own that may be shown. One that
// was handed on to it comes from who said it, too.
func said(c charging.CompanyID, data json.RawMessage) bool {
	var m charging.Message
	return json.Unmarshal(data, &m) == nil && m.From == c && api.CheckMessage(m.Text) == nil
}

// note tells the readers whether a company is heard, where that is news.
func (t *Trips) note(v charging.VehicleID, c charging.CompanyID, f *feed, heard bool) {
	t.mu.Lock()
	was, asked := f.heard[c]
	f.heard[c] = heard
	t.mu.Unlock()
	if !asked || was != heard {
		t.tell(v, c, heard)
	}
}

func (t *Trips) tell(v charging.VehicleID, c charging.CompanyID, heard bool) {
	data, _ := json.Marshal(api.Silence{CompanyID: c, Heard: heard}) // plain data: never fails
	t.o.Sink.Import(trip.Event{Type: trip.EventCompany, At: t.o.Now().UTC(), VehicleID: v, Data: data})
}
