package broker

import (
	"context"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
)

// letter is one message of a car on its way to the handler.
type letter struct {
	client  Client
	topic   carlink.Topic
	payload []byte
	came    time.Time // when it was read
}

// post delivers letters to the handler: in order for each car, one at a time
// for each car, by a fixed number of workers, fairly among cars. Its queues are
// bounded; a letter that finds no room is not taken.
type post struct {
	deliver func(letter)
	count   *counters
	each    int // letters of one car
	all     int // letters of all cars
	bytes   int // of their payloads

	mu      sync.Mutex
	wake    *sync.Cond
	boxes   map[string]*mailbox
	ready   []*mailbox // each with a letter and no worker on it
	waiting int
	weight  int // bytes that wait
	closed  bool
	dropped bool // after a close that did not wait
	workers sync.WaitGroup
}

type mailbox struct {
	owner   string
	letters []letter
}

func newPost(o Options, count *counters, deliver func(letter)) *post {
	p := &post{deliver: deliver, count: count, each: o.Mailbox, all: o.Backlog, bytes: o.BacklogBytes, boxes: map[string]*mailbox{}}
	p.wake = sync.NewCond(&p.mu)
	for range o.Workers {
		p.workers.Go(p.work)
	}
	return p
}

// put takes a letter, or says where there is no room. Telemetry may fill half of
// a mailbox only, so that it never crowds out a request.
func (p *post) put(l letter) Reason {
	room := p.each
	if l.topic.Kind == carlink.KindTelemetry {
		room = (p.each + 1) / 2
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	owner := string(l.topic.Vehicle)
	box := p.boxes[owner]
	switch {
	case p.closed || p.waiting >= p.all || p.weight+len(l.payload) > p.bytes:
		return Backlog
	case box != nil && len(box.letters) >= room:
		return Mailbox
	}
	if box == nil {
		box = &mailbox{owner: owner}
		p.boxes[owner] = box
		p.ready = append(p.ready, box)
		p.wake.Signal()
	}
	box.letters = append(box.letters, l)
	p.waiting++
	p.weight += len(l.payload)
	p.count.received.Add(1) // before anybody can see that it was
	return 0
}

// work delivers one letter of a mailbox at a time and puts the box back to the
// end of the row while it has more.
func (p *post) work() {
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
		l := box.letters[0]
		box.letters[0] = letter{}
		box.letters = box.letters[1:]
		p.waiting--
		p.weight -= len(l.payload)
		p.mu.Unlock()
		p.deliver(l)
		p.mu.Lock()
		if p.dropped {
			p.throwAway(box)
		}
		if len(box.letters) == 0 {
			delete(p.boxes, box.owner)
			continue
		}
		p.ready = append(p.ready, box)
		p.wake.Signal()
	}
}

func (p *post) backlog() (letters, bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int64(p.waiting), int64(p.weight)
}

// close takes no more letters and waits until those it has are delivered, or
// until ctx ends: then the rest is thrown away.
func (p *post) close(ctx context.Context) error {
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
		delete(p.boxes, box.owner)
	}
	p.ready = nil
	return context.Cause(ctx)
}

// throwAway empties a mailbox; p.mu is held.
func (p *post) throwAway(box *mailbox) {
	for _, l := range box.letters {
		p.waiting--
		p.weight -= len(l.payload)
	}
	box.letters = nil
}
