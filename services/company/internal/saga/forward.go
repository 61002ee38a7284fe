package saga

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	// forwardedLife is how long a command waits for its answer at most.
	forwardedLife = 30 * time.Second
	// firstLook and lastLook are the pauses between two looks for an answer.
	firstLook = 4 * time.Millisecond
	lastLook  = 100 * time.Millisecond
	// notifyEvery so many looks the holder of the lease is told again.
	notifyEvery = 6
)

// errNotHere says that a command is for another server, and stays in the inbox.
var errNotHere = errors.New("saga: the run is another server's")

// result is the answer to a command as it is written for another server: done,
// or a refusal.
type result struct {
	Code       charging.Code         `json:"code,omitempty"`
	Detail     string                `json:"detail,omitempty"`
	Fields     []charging.FieldError `json:"fields,omitempty"`
	RetryAfter time.Duration         `json:"retry_after,omitempty"`
	// Aside is what the answer says besides the record (Kind.Aside). Its key is
	// that of the only thing which is said so: the stops that a cancel has kept.
	Aside json.RawMessage `json:"kept,omitempty"`
}

func resultOf(err error) result {
	if err == nil {
		return result{}
	}
	v := result{Code: charging.CodeOf(err), Detail: err.Error()}
	if v.Code == "" {
		v.Code = charging.CodePeerUnavailable
	}
	var r *charging.Refusal
	if errors.As(err, &r) {
		v.Detail, v.Fields, v.RetryAfter = r.Detail, r.Fields, r.RetryAfter
	}
	return v
}

func (v result) err() error {
	if v.Code == "" {
		return nil
	}
	return &charging.Refusal{Code: v.Code, Detail: v.Detail, Fields: v.Fields, RetryAfter: v.RetryAfter}
}

func (c *Coordinator[T, E]) encode(m Command[T]) (Forwarded, error) {
	body, err := c.kind.Encode(m.Order)
	if err != nil {
		return Forwarded{}, fmt.Errorf("saga: forward: %w", err)
	}
	return Forwarded{ID: m.ID, Body: body}, nil
}

// forward hands a command to the server that holds the run's lease and waits for
// its answer. errMoved when nobody holds it: then the record can be had.
func (c *Coordinator[T, E]) forward(ctx context.Context, id ID, m Command[T]) (T, error) {
	var none T
	l, err := c.encode(m)
	if err != nil {
		return none, err
	}
	life := forwardedLife
	if at, ok := ctx.Deadline(); ok {
		life = max(min(life, time.Until(at)), time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(ctx, life)
	defer cancel()
	forwarded, err := c.o.Inbox.Forward(ctx, id, l, life)
	if err != nil {
		return none, err
	}
	if !forwarded {
		return none, errMoved
	}
	return c.awaitResult(ctx, id, l.ID)
}

func (c *Coordinator[T, E]) awaitResult(ctx context.Context, id ID, command string) (T, error) {
	var none T
	for n := 0; ; n++ {
		if n%notifyEvery == 0 {
			c.o.Notify(id)
		}
		if !sleep(ctx, min(firstLook<<min(n, 10), lastLook)) {
			return none, &charging.Refusal{Code: charging.CodePeerUnavailable, Detail: c.words.Silent, RetryAfter: time.Second}
		}
		raw, free, err := c.o.Inbox.Result(ctx, id, command)
		switch {
		case err != nil && !Unknown(err):
			return none, err
		case err == nil && raw != nil:
			return c.answered(ctx, id, command, raw)
		case err == nil && free:
			go c.readInbox(c.life, id) // its server has died or come to rest
		}
	}
}

// answered reads the answer to a command; the record is in the journal by then.
func (c *Coordinator[T, E]) answered(ctx context.Context, id ID, command string, raw []byte) (T, error) {
	var none T
	var v result
	if err := json.Unmarshal(raw, &v); err != nil {
		return none, fmt.Errorf("saga: answer to command %s: %w", command, err)
	}
	if err := v.err(); err != nil {
		return none, err
	}
	t, err := c.o.Journal.Load(context.WithoutCancel(ctx), id)
	if err != nil {
		return t, err
	}
	return c.kind.WithAside(t, v.Aside)
}

// Tell leaves an order for the server where the run is in flight, if there is
// one. Nobody waits for an answer, and no parked record is taken up for it.
func (c *Coordinator[T, E]) Tell(ctx context.Context, id ID, order any) error {
	if c.o.Inbox == nil {
		return nil
	}
	l, err := c.encode(Command[T]{ID: newCommandID(), Order: order})
	if err != nil {
		return err
	}
	forwarded, err := c.o.Inbox.Forward(ctx, id, l, forwardedLife)
	if forwarded {
		c.o.Notify(id)
	}
	return err
}

// OnNotify says that a command to a run may lie in its inbox. It is read when the
// run goes on here; OnNotify never blocks.
func (c *Coordinator[T, E]) OnNotify(id ID) {
	if c.o.Inbox != nil && c.running(id) != nil {
		go c.readInbox(c.life, id)
	}
}

// readInbox carries out the commands to a run, one after the other. One goroutine
// per run does so; whoever comes meanwhile makes it look once more.
func (c *Coordinator[T, E]) readInbox(ctx context.Context, id ID) {
	c.mu.Lock()
	if _, busy := c.reading[id]; busy {
		c.reading[id] = true
		c.mu.Unlock()
		return
	}
	c.reading[id] = false
	c.mu.Unlock()
	for again := true; again; {
		more := c.answerPending(ctx, id)
		c.mu.Lock()
		if again = more && c.reading[id]; again {
			c.reading[id] = false
		} else {
			delete(c.reading, id)
		}
		c.mu.Unlock()
	}
}

// answerPending is false when the commands are not for this server.
func (c *Coordinator[T, E]) answerPending(ctx context.Context, id ID) bool {
	pending, err := c.o.Inbox.Pending(ctx, id)
	if err != nil {
		return false // whoever waits notifies again
	}
	for _, l := range pending {
		t, err := c.carryOut(ctx, id, l)
		if errors.Is(err, errNotHere) || ctx.Err() != nil {
			return false
		}
		if err := c.reply(ctx, id, l, t, err); err != nil {
			c.o.Warn("an answer to another server cannot be written; it will ask again", id, err)
			return false
		}
	}
	return true
}

func (c *Coordinator[T, E]) carryOut(ctx context.Context, id ID, l Forwarded) (T, error) {
	order, err := c.kind.Decode(l.Body)
	if err != nil {
		var none T
		return none, fmt.Errorf("saga: command %s: %w", l.ID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, forwardedLife)
	defer cancel()
	return c.send(ctx, id, Command[T]{ID: l.ID, Order: order, forwarded: true})
}

func (c *Coordinator[T, E]) reply(ctx context.Context, id ID, l Forwarded, t T, err error) error {
	v := resultOf(err)
	aside, err := c.kind.Aside(t)
	if err != nil {
		return err
	}
	v.Aside = aside
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.o.Inbox.Reply(ctx, id, l, raw)
}
