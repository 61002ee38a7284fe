package broker

import (
	"context"
	"errors"
	"sync"
)

// ErrFull answers a Publish while too much waits for a broker elsewhere.
var ErrFull = errors.New("broker: too many messages wait for the broker; is it there?")

// message is one publish of the company.
type message struct {
	topic    string
	payload  []byte
	qos      byte
	retained bool
}

const (
	// maxOutbox bounds what waits for a broker that is away, in messages and in
	// bytes.
	maxOutbox      = 1 << 15
	maxOutboxBytes = 64 << 20
	// window is how many messages may be on their way to the broker.
	window = 512
)

// outbox holds what the company publishes until the broker has acknowledged it,
// in order; what was on its way when a connection was lost goes first on the
// next one.
type outbox struct {
	mu      sync.Mutex
	changed chan struct{} // closed, and made anew, at every change
	waiting []message
	sent    []message // on their way
	weight  int       // bytes of both
	closed  bool
}

func newOutbox() *outbox { return &outbox{changed: make(chan struct{})} }

func (o *outbox) stir() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// put queues a message, or answers ErrFull or ErrStopped.
func (o *outbox) put(m message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
		return ErrStopped
	case len(o.waiting)+len(o.sent) >= maxOutbox, o.weight+len(m.payload) > maxOutboxBytes:
		return ErrFull
	}
	o.waiting = append(o.waiting, m)
	o.weight += len(m.payload)
	o.stir()
	return nil
}

// next waits for a message that may be sent, and notes that it is on its way.
func (o *outbox) next(ctx context.Context) (message, error) {
	for {
		o.mu.Lock()
		if len(o.waiting) > 0 && len(o.sent) < window {
			m := o.waiting[0]
			o.waiting[0] = message{}
			o.waiting = o.waiting[1:]
			o.sent = append(o.sent, m)
			o.mu.Unlock()
			return m, nil
		}
		changed := o.changed
		o.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return message{}, ctx.Err()
		}
	}
}

// arrived notes that the oldest message on its way has been acknowledged.
func (o *outbox) arrived() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.weight -= len(o.sent[0].payload)
	o.sent[0] = message{}
	o.sent = o.sent[1:]
	o.stir()
}

// lost puts back what was on its way.
func (o *outbox) lost() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting = append(append([]message(nil), o.sent...), o.waiting...)
	o.sent = nil
	o.stir()
}

// close takes no more messages.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
}

// empty waits until everything has been acknowledged.
func (o *outbox) empty(ctx context.Context) error {
	for {
		o.mu.Lock()
		left, changed := len(o.waiting)+len(o.sent), o.changed
		o.mu.Unlock()
		if left == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (o *outbox) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.waiting) + len(o.sent)
}
