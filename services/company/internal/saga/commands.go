package saga

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Command is something asked of one run.
type Command[T any] struct {
	// ID is carried out once; empty for what may be repeated.
	ID string
	// Order is what is asked: Park, or what the machine's Kind knows.
	Order any

	reply chan reply[T]
	// command is set for a command that came from the inbox: it is not forwarded again.
	forwarded bool
}

// Park is the Order of a server that stops: the run is to be given back at the
// next safe point (Run.GiveBack). Nobody waits for an answer.
type Park struct{}

type reply[T any] struct {
	t   T
	err error
}

// errMoved answers a command whose run has just ended; it is sent again.
var errMoved = errors.New("saga: the run has ended")

func newCommandID() string { return uuid.Must(uuid.NewV7()).String() }

// Send brings an order to the run of a record, which is taken up from the journal
// where it is parked. A run of which another server holds the lease is reached
// through its inbox. The answer is the record after the order, or the machine's
// refusal.
func (c *Coordinator[T, E]) Send(ctx context.Context, id ID, order any) (T, error) {
	return c.send(ctx, id, Command[T]{ID: newCommandID(), Order: order})
}

func (c *Coordinator[T, E]) send(ctx context.Context, id ID, m Command[T]) (T, error) {
	for {
		var t T
		var err error
		if r := c.running(id); r != nil {
			t, err = r.put(ctx, m)
		} else if t, err = c.takeUp(ctx, id, m); charging.CodeOf(err) == charging.CodeStaleOwner {
			t, err = c.elsewhere(ctx, id, m, err)
		}
		if !moved(ctx, err) {
			return t, err
		}
		if !sleep(ctx, 5*time.Millisecond) {
			var none T
			return none, ctx.Err()
		}
	}
}

// moved reports whether a command has met a run that ended or lost its lease
// before carrying it out: it is sent again.
func moved(ctx context.Context, err error) bool {
	var lost *lostLease
	return errors.Is(err, errMoved) || errors.Is(err, errRunning) || errors.As(err, &lost) ||
		errors.Is(err, context.Canceled) && ctx.Err() == nil
}

// takeUp acquires a parked record for a command, and runs it. STALE_OWNER while
// another server holds its lease.
func (c *Coordinator[T, E]) takeUp(ctx context.Context, id ID, m Command[T]) (T, error) {
	var none T
	if err := c.mayTakeUp(); err != nil {
		if m.forwarded {
			err = errNotHere
		}
		return none, err
	}
	t, err := c.o.Journal.Acquire(ctx, id, c.o.Owner, c.o.Lease)
	if err != nil {
		return none, err
	}
	m.reply = make(chan reply[T], 1)
	r, err := c.resume(t, &m)
	if err != nil {
		return none, err
	}
	return r.await(ctx, m)
}

// resume runs a record that this server has just come to own, with a first
// command for it or with the commands that its former owner has left.
func (c *Coordinator[T, E]) resume(t T, first *Command[T]) (*Run[T, E], error) {
	r, err := c.enter(t, first != nil, true)
	if err != nil {
		// Full, stopping, or an older run here that has lost its lease and is
		// about to notice: the lease ends by itself and somebody takes over.
		return nil, err
	}
	if first != nil {
		r.queue <- *first
	} else if c.o.Inbox != nil {
		go c.readInbox(c.life, r.id)
	}
	r.taken = first == nil
	go c.run(r)
	return r, nil
}

// elsewhere asks the server that holds the lease.
func (c *Coordinator[T, E]) elsewhere(ctx context.Context, id ID, m Command[T], stale error) (T, error) {
	var none T
	switch {
	case m.forwarded:
		return none, errNotHere
	case c.o.Inbox != nil:
		return c.forward(ctx, id, m)
	}
	return none, &charging.Refusal{
		Code: charging.CodePeerUnavailable, Detail: c.words.Elsewhere, RetryAfter: time.Second, Cause: stale,
	}
}

// put puts a command into the run's queue and waits for the answer.
func (r *Run[T, E]) put(ctx context.Context, m Command[T]) (T, error) {
	m.reply = make(chan reply[T], 1)
	select {
	case r.queue <- m:
		return r.await(ctx, m)
	case <-r.done:
		var none T
		return none, errMoved
	case <-ctx.Done():
		return r.snapshot(), ctx.Err()
	}
}

// await waits for the answer to a command in the queue; errMoved when the run
// ends without one.
func (r *Run[T, E]) await(ctx context.Context, m Command[T]) (T, error) {
	select {
	case out := <-m.reply:
		return out.t, out.err
	case <-r.done:
		select {
		case out := <-m.reply:
			return out.t, out.err
		default:
			var none T
			return none, errMoved
		}
	case <-ctx.Done():
		return r.snapshot(), ctx.Err()
	}
}

// Answer replies to a command with the record as it is, or with a refusal. Only
// the first answer counts; it never blocks.
func (r *Run[T, E]) Answer(m Command[T], err error) { r.AnswerWith(m, nil, err) }

// AnswerWith is Answer with something said besides the record (Kind.Aside), which
// say adds to a copy of it. say may be nil.
func (r *Run[T, E]) AnswerWith(m Command[T], say func(*T), err error) {
	if m.reply == nil {
		return
	}
	t := r.c.kind.Clone(r.Record)
	if say != nil {
		say(&t)
	}
	select {
	case m.reply <- reply[T]{t, err}:
	default:
	}
}

// Receive hands a command to the machine.
func (r *Run[T, E]) Receive(m Command[T]) error { return r.machine.Receive(m) }

// Commands is the run's queue, for a machine that waits for something else
// besides. What it takes out it must hand to Receive.
func (r *Run[T, E]) Commands() <-chan Command[T] { return r.queue }

// Pending reports whether a command waits in the queue.
func (r *Run[T, E]) Pending() bool { return len(r.queue) > 0 }

// Serve has the machine receive all commands that wait in the queue.
func (r *Run[T, E]) Serve() error {
	for {
		select {
		case m := <-r.queue:
			if err := r.Receive(m); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// drain sends what the run will not read any more back to its senders.
func (r *Run[T, E]) drain() {
	for {
		select {
		case m := <-r.queue:
			r.Answer(m, errMoved)
		default:
			return
		}
	}
}

// askToPark asks the run to leave at its next safe point. One whose queue is
// full is stopped with the server.
func (r *Run[T, E]) askToPark() {
	select {
	case r.queue <- Command[T]{Order: Park{}}:
	default:
	}
}

// maxDone is how many carried out commands a record remembers.
const maxDone = 8

// Did reports whether a command was carried out before a take-over, by an owner
// that could not answer it any more.
func (r *Run[T, E]) Did(m Command[T]) bool {
	return m.ID != "" && slices.Contains(*r.c.kind.Done(&r.Record), m.ID)
}

// MarkDone notes a command as carried out, in the journal with the next write.
func (r *Run[T, E]) MarkDone(id string) {
	if id == "" {
		return
	}
	at := r.c.kind.Done(&r.Record)
	done := append(slices.Clone(*at), id)
	*at = done[max(0, len(done)-maxDone):]
}

// UnmarkDone takes back the mark of a command that was refused after all.
func (r *Run[T, E]) UnmarkDone(id string) {
	at := r.c.kind.Done(&r.Record)
	*at = slices.DeleteFunc(slices.Clone(*at), func(d string) bool { return d == id })
}
