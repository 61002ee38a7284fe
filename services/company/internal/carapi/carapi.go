package carapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// API answers cars. Handle, Overflow and Changed may be called from any
// goroutine.
type API struct {
	o         Options
	board     retainedQueue
	questions questions

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	slots  chan struct{}

	mu      sync.Mutex
	busy    map[call]struct{} // requests that are being answered
	stopped bool

	counters struct{ requests, repeated, telemetry, bad, lost atomic.Int64 }
}

// call names one request of one car.
type call struct {
	vehicle charging.VehicleID
	request carlink.RequestID
}

// Stats are counts since the start, for metrics.
type Stats struct {
	// Requests are those that were asked of the desk; Repeated those that got
	// the first answer again, or will get the one under way.
	Requests, Repeated int64
	// Telemetry are good reports; Bad is what could not be read.
	Telemetry, Bad int64
	// Lost are messages that could not be published.
	Lost int64
	// Waiting is how many trips are waited for now.
	Waiting int
}

// New makes an API that publishes trips from now on.
func New(o Options) (*API, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	a := &API{o: o, slots: make(chan struct{}, o.MaxWaits), busy: map[call]struct{}{}}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	a.board.init()
	a.questions.init()
	a.work.Go(a.postTrips)
	return a, nil
}

// Stop ends what waits and publishes the trips that have changed. Cars whose
// answer it cuts off repeat their request, here or at another server.
func (a *API) Stop() {
	a.mu.Lock()
	a.stopped = true
	a.mu.Unlock()
	a.cancel()
	a.board.close()
	a.work.Wait()
}

// Stats reads all counts.
func (a *API) Stats() Stats {
	c := &a.counters
	return Stats{
		Requests: c.requests.Load(), Repeated: c.repeated.Load(), Telemetry: c.telemetry.Load(),
		Bad: c.bad.Load(), Lost: c.lost.Load(), Waiting: len(a.slots),
	}
}

// Handle takes a message of a car; the broker has checked that it is its own.
func (a *API) Handle(c broker.Client, topic carlink.Topic, payload []byte) {
	switch topic.Kind {
	case carlink.KindTelemetry:
		t, err := carlink.ParseTelemetry(payload)
		if err != nil {
			a.alert(c.Vehicle, err)
			return
		}
		a.counters.telemetry.Add(1)
		a.o.Telemetry(c.Vehicle, t)
	case carlink.KindRequest:
		e, err := carlink.ParseEnvelope(topic.Action, payload)
		switch {
		case err != nil && e.RequestID == "":
			a.alert(c.Vehicle, err)
		case err != nil:
			a.counters.bad.Add(1)
			a.publishReply(call{c.Vehicle, e.RequestID}, problem(err))
		default:
			a.request(call{c.Vehicle, e.RequestID}, topic.Action, e)
		}
	}
}

// Overflow answers a request that the broker had no room for, or that is larger
// than any may be.
func (a *API) Overflow(c broker.Client, topic carlink.Topic, payload []byte) {
	e, err := carlink.ParseEnvelope(topic.Action, payload)
	if len(payload) > carlink.MaxPayload {
		a.alert(c.Vehicle, err)
		return
	}
	if e.RequestID == "" {
		return // there is nobody to answer
	}
	busy := charging.Refuse(charging.CodeRateLimited, "the server has too much to do for this car; repeat the request later with the same request_id")
	busy.RetryAfter = time.Second
	a.publishReply(call{c.Vehicle, e.RequestID}, problem(busy))
}

// request answers once, whatever repeats.
func (a *API) request(id call, action carlink.Action, e carlink.Envelope) {
	if !a.begin(id) {
		a.counters.repeated.Add(1)
		return // its answer is under way
	}
	ctx, cancel := context.WithTimeout(a.ctx, a.o.CallTimeout)
	defer cancel()
	kept, ok, err := a.o.Replies.LoadReply(ctx, id.vehicle, string(id.request))
	if err != nil {
		a.answer(id, problem(err))
		return
	}
	if ok {
		a.counters.repeated.Add(1)
		a.end(id)
		a.publish(carlink.ReplyTopic(id.vehicle, id.request), kept, 1, false)
		return
	}
	a.counters.requests.Add(1)
	status, body, err := a.ask(ctx, id, action, e)
	switch {
	case err != nil:
		a.answer(id, problem(err))
	case body.waits():
		a.settle(id, status, *body.trip, body.until)
	default:
		a.answer(id, reply(status, body.value()))
	}
}

// begin is false while the same request is being answered, and after Stop.
func (a *API) begin(id call) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.busy[id]; ok || a.stopped {
		return false
	}
	a.busy[id] = struct{}{}
	return true
}

func (a *API) end(id call) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.busy, id)
}

// lasting reports whether an answer is the one for good to its request id: a
// repeat gets it again. Not what asks to come again, what failed, or what is yet
// to be carried out.
func lasting(r carlink.Reply) bool {
	if r.Status < 400 {
		return r.Status != http.StatusAccepted
	}
	var p struct{ Code charging.Code }
	_ = json.Unmarshal(r.Body, &p) // what is no object has no code
	return r.Status < 500 && !p.Code.Passing()
}

// answer keeps the answer, where it is one for good, and publishes it.
func (a *API) answer(id call, r carlink.Reply) {
	defer a.end(id)
	if lasting(r) {
		// Its own context: an answer that was given must be kept even when the
		// request took its whole time.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), 5*time.Second)
		defer cancel()
		raw, err := json.Marshal(r)
		if err == nil {
			err = a.o.Replies.SaveReply(ctx, id.vehicle, string(id.request), raw, a.o.ReplyLife)
		}
		if err == nil && a.o.Shared {
			if first, ok, err := a.o.Replies.LoadReply(ctx, id.vehicle, string(id.request)); err == nil && ok {
				a.publish(carlink.ReplyTopic(id.vehicle, id.request), first, 1, false)
				return
			}
		}
		if err != nil {
			a.o.Warn("an answer to a car could not be kept; a repeat will be asked again", id.vehicle, err)
		}
	}
	a.publishReply(id, r)
}

func (a *API) publishReply(id call, r carlink.Reply) {
	raw, err := json.Marshal(r)
	if err != nil {
		a.o.Warn("an answer to a car has no JSON form", id.vehicle, err)
		return
	}
	a.publish(carlink.ReplyTopic(id.vehicle, id.request), raw, 1, false)
}

// alert tells a car what was wrong with something that has no request id.
func (a *API) alert(v charging.VehicleID, err error) {
	a.counters.bad.Add(1)
	p := api.FromError(err)
	raw, err := json.Marshal(carlink.Alert{At: a.o.Now().UTC(), Code: charging.Code(p.Code), Detail: p.Detail})
	if err != nil {
		return // plain data: cannot be
	}
	a.publish(carlink.AlertsTopic(v), raw, 1, false)
}

// Alert tells a car what it did not ask.
func (a *API) Alert(v charging.VehicleID, alert carlink.Alert) {
	raw, err := json.Marshal(alert)
	if err != nil {
		a.o.Warn("an alert has no JSON form", v, err)
		return
	}
	a.publish(carlink.AlertsTopic(v), raw, 1, false)
}

func (a *API) publish(topic string, payload []byte, qos byte, retained bool) {
	if err := a.o.Publisher.Publish(topic, payload, qos, retained); err != nil {
		a.counters.lost.Add(1)
	}
}

// EVSEChanged tells the peers that the calendar of an own EVSE has changed.
func (a *API) EVSEChanged(c carlink.Change) {
	if c.At.IsZero() {
		c.At = a.o.Now()
	}
	c.At = c.At.UTC()
	raw, err := json.Marshal(c)
	if err != nil {
		return // plain data: cannot be
	}
	a.publish(carlink.EVSETopic(a.o.Self, c.EVSEID), raw, 1, false)
}

func reply(status int, body any) carlink.Reply {
	raw, err := json.Marshal(body)
	if err != nil {
		return problem(fmt.Errorf("encoding an answer: %w", err))
	}
	return carlink.Reply{Status: status, Body: raw}
}

func problem(err error) carlink.Reply {
	p := api.FromError(err)
	raw, _ := json.Marshal(p) // plain data: cannot fail
	return carlink.Reply{Status: p.Status, Body: raw}
}
