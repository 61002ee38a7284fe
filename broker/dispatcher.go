package broker

import (
	"context"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
)

// inbound is one message of a car on its way to the handler.
type inbound struct {
	client  Client
	topic   carlink.Topic
	payload []byte
	came    time.Time // when it was read
}

// dispatcher delivers messages to the handler: in order for each car, one at a time
// for each car, by a fixed number of workers, fairly among cars. Its queues are
// bounded; a message that finds no room is not taken.
type dispatcher struct {
	deliver func(inbound)
	count   *counters
	each    int // messages of one car
	all     int // messages of all cars
	bytes   int // of their payloads

	mu      sync.Mutex
	wake    *sync.Cond
	queues  map[string]*carQueue
	ready   []*carQueue // each with a message and no worker on it
	waiting int
	weight  int // bytes that wait
	closed  bool
	dropped bool // after a close that did not wait
	workers sync.WaitGroup
}

type carQueue struct {
	owner    string
	messages []inbound
}

func newDispatcher(o Options, count *counters, deliver func(inbound)) *dispatcher {
	p := &dispatcher{deliver: deliver, count: count, each: o.Mailbox, all: o.Backlog, bytes: o.BacklogBytes, queues: map[string]*carQueue{}}
	p.wake = sync.NewCond(&p.mu)
	for range o.Workers {
		p.workers.Go(p.work)
	}
	return p
}

// put takes a message, or says where there is no room. Telemetry may fill half of
// a car's queue only, so that it never crowds out a request.
func (p *dispatcher) put(l inbound) Reason {
	room := p.each
	if l.topic.Kind == carlink.KindTelemetry {
		room = (p.each + 1) / 2
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	owner := string(l.topic.Vehicle)
	box := p.queues[owner]
	switch {
	case p.closed || p.waiting >= p.all || p.weight+len(l.payload) > p.bytes:
		return Backlog
	case box != nil && len(box.messages) >= room:
		return Mailbox
	}
	if box == nil {
		box = &carQueue{owner: owner}
		p.queues[owner] = box
		p.ready = append(p.ready, box)
		p.wake.Signal()
	}
	box.messages = append(box.messages, l)
	p.waiting++
	p.weight += len(l.payload)
	p.count.received.Add(1) // before anybody can see that it was
	return 0
}

// work delivers one message of a car's queue at a time and puts the queue back to the
// end of the row while it has more.
func (p *dispatcher) work() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		for len(p.ready) == 0 {
			if p.closed {
				return
			}
			p.wake.Wait()
		}
		box := p.ready[0]
		p.ready = p.ready[1:]
		l := box.messages[0]
		box.messages[0] = inbound{}
		box.messages = box.messages[1:]
		p.waiting--
		p.weight -= len(l.payload)
		p.mu.Unlock()
		p.deliver(l)
		p.mu.Lock()
		if p.dropped {
			p.throwAway(box)
		}
		if len(box.messages) == 0 {
			delete(p.queues, box.owner)
			continue
		}
		p.ready = append(p.ready, box)
		p.wake.Signal()
	}
}

func (p *dispatcher) backlog() (messages, bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int64(p.waiting), int64(p.weight)
}

// close takes no more messages and waits until those it has are delivered, or
// until ctx ends: then the rest is thrown away.
func (p *dispatcher) close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	p.wake.Broadcast()
	p.mu.Unlock()
	done := make(chan struct{})
	go func() { p.workers.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dropped = true
	for _, box := range p.ready {
		p.throwAway(box)
		delete(p.queues, box.owner)
	}
	p.ready = nil
	return context.Cause(ctx)
}

// throwAway empties a car's queue; p.mu is held.
func (p *dispatcher) throwAway(box *carQueue) {
	for _, l := range box.messages {
		p.waiting--
		p.weight -= len(l.payload)
	}
	box.messages = nil
}
