package saga

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// Inbox carries what is asked of a trip to the server of the company that has
// its lease. A letter is read by whoever has the lease then, so it survives the
// death of the server that it was meant for.
type Inbox interface {
	// Post leaves a letter for the holder of the trip's lease; posted is false,
	// and nothing is left, when nobody has it. After its life it is dropped.
	Post(ctx context.Context, id charging.TripID, l trip.Letter, life time.Duration) (posted bool, err error)
	// Letters reads what was not answered yet, oldest first.
	Letters(ctx context.Context, id charging.TripID) ([]trip.Letter, error)
	// Reply answers a letter and takes it out.
	Reply(ctx context.Context, id charging.TripID, l trip.Letter, answer []byte) error
	// Replied looks for the answer, nil while there is none; free says that
	// nobody has the lease.
	Replied(ctx context.Context, id charging.TripID, letter string) (answer []byte, free bool, err error)
}

const (
	// letterLife is how long a letter waits for its answer at most.
	letterLife = 30 * time.Second
	// firstLook and lastLook are the pauses between two looks for an answer.
	firstLook = 4 * time.Millisecond
	lastLook  = 100 * time.Millisecond
	// ringEvery so many looks the holder of the lease is told again.
	ringEvery = 6
)

// errNotHere says that a letter is for another server, and stays in the inbox.
var errNotHere = errors.New("saga: the trip is another server's")

// text is a message as it is written into a letter.
type text struct {
	Kind   messageKind      `json:"kind"`
	Choice *Choice          `json:"choice,omitempty"`
	Visit  *Visit           `json:"visit,omitempty"`
	Notice *charging.Notice `json:"notice,omitempty"`
	Reason string           `json:"reason,omitempty"`
	// Legs of a shift; Proposal of a propose, absent to take it down.
	Legs     []trip.Leg     `json:"legs,omitempty"`
	Proposal *trip.Decision `json:"proposal,omitempty"`
}

// verdict is an answer as it is written: done, or a refusal.
type verdict struct {
	Code       charging.Code         `json:"code,omitempty"`
	Detail     string                `json:"detail,omitempty"`
	Fields     []charging.FieldError `json:"fields,omitempty"`
	RetryAfter time.Duration         `json:"retry_after,omitempty"`
	// Kept are the stops that a cancel could not release.
	Kept []trip.Kept `json:"kept,omitempty"`
}

func newCommandID() string { return uuid.Must(uuid.NewV7()).String() }

func (m message) letter() (trip.Letter, error) {
	body, err := json.Marshal(text{m.kind, &m.choice, &m.visit, &m.notice, m.reason, m.legs, m.proposal})
	if err != nil {
		return trip.Letter{}, fmt.Errorf("saga: letter: %w", err)
	}
	return trip.Letter{ID: m.id, Body: body}, nil
}

func messageOf(l trip.Letter) (message, error) {
	var t text
	if err := json.Unmarshal(l.Body, &t); err != nil {
		return message{}, fmt.Errorf("saga: letter %s: %w", l.ID, err)
	}
	m := message{id: l.ID, kind: t.Kind, reason: t.Reason, legs: t.Legs, proposal: t.Proposal}
	if t.Choice != nil {
		m.choice = *t.Choice
	}
	if t.Visit != nil {
		m.visit = *t.Visit
	}
	if t.Notice != nil {
		m.notice = *t.Notice
	}
	return m, nil
}

func verdictOf(err error) verdict {
	if err == nil {
		return verdict{}
	}
	v := verdict{Code: charging.CodeOf(err), Detail: detail(err)}
	if v.Code == "" {
		v.Code = charging.CodePeerUnavailable
	}
	var r *charging.Refusal
	if errors.As(err, &r) {
		v.Fields, v.RetryAfter = r.Fields, r.RetryAfter
	}
	return v
}

func (v verdict) err() error {
	if v.Code == "" {
		return nil
	}
	return &charging.Refusal{Code: v.Code, Detail: v.Detail, Fields: v.Fields, RetryAfter: v.RetryAfter}
}

// forward posts a command to the server that has the trip's lease and waits for
// its answer. errMoved when nobody has the lease: then the trip can be had.
func (c *Coordinator) forward(ctx context.Context, id charging.TripID, m message) (trip.Trip, error) {
	l, err := m.letter()
	if err != nil {
		return trip.Trip{}, err
	}
	life := letterLife
	if at, ok := ctx.Deadline(); ok {
		life = max(min(life, time.Until(at)), time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(ctx, life)
	defer cancel()
	posted, err := c.o.Inbox.Post(ctx, id, l, life)
	if err != nil {
		return trip.Trip{}, err
	}
	if !posted {
		return trip.Trip{}, errMoved
	}
	return c.awaitReply(ctx, id, l.ID)
}

func (c *Coordinator) awaitReply(ctx context.Context, id charging.TripID, letter string) (trip.Trip, error) {
	for n := 0; ; n++ {
		if n%ringEvery == 0 {
			c.o.Ring(id)
		}
		if !sleep(ctx, min(firstLook<<min(n, 10), lastLook)) {
			return trip.Trip{}, &charging.Refusal{
				Code:   charging.CodePeerUnavailable,
				Detail: "the server of this company that works on the trip has not answered; look at the trip and ask again", RetryAfter: time.Second,
			}
		}
		raw, free, err := c.o.Inbox.Replied(ctx, id, letter)
		switch {
		case err != nil && !unknown(err):
			return trip.Trip{}, err
		case err == nil && raw != nil:
			var v verdict
			if err := json.Unmarshal(raw, &v); err != nil {
				return trip.Trip{}, fmt.Errorf("saga: answer to letter %s: %w", letter, err)
			}
			if err := v.err(); err != nil {
				return trip.Trip{}, err
			}
			t, err := c.o.Journal.Load(context.WithoutCancel(ctx), id)
			t.Kept = v.Kept
			return t, err
		case err == nil && free:
			go c.readInbox(c.life, id) // its server has died or come to rest
		}
	}
}

// Mailed says that a letter to a trip may lie in its inbox. It reads it when the
// trip runs here; it never blocks.
func (c *Coordinator) Mailed(id charging.TripID) {
	if c.o.Inbox != nil && c.running(id) != nil {
		go c.readInbox(c.life, id)
	}
}

// readInbox carries out the letters to a trip, one after the other. One
// goroutine a trip does so; who comes meanwhile makes it look once more.
func (c *Coordinator) readInbox(ctx context.Context, id charging.TripID) {
	c.mu.Lock()
	if _, busy := c.reading[id]; busy {
		c.reading[id] = true
		c.mu.Unlock()
		return
	}
	c.reading[id] = false
	c.mu.Unlock()
	for again := true; again; {
		more := c.answerLetters(ctx, id)
		c.mu.Lock()
		if again = more && c.reading[id]; again {
			c.reading[id] = false
		} else {
			delete(c.reading, id)
		}
		c.mu.Unlock()
	}
}

// answerLetters is false when the letters are not for this server.
func (c *Coordinator) answerLetters(ctx context.Context, id charging.TripID) bool {
	letters, err := c.o.Inbox.Letters(ctx, id)
	if err != nil {
		return false // whoever waits rings again
	}
	for _, l := range letters {
		var t trip.Trip
		m, err := messageOf(l)
		if err == nil {
			m.here = true
			ctx, cancel := context.WithTimeout(ctx, letterLife)
			t, err = c.command(ctx, id, m)
			cancel()
		}
		if errors.Is(err, errNotHere) || ctx.Err() != nil {
			return false
		}
		v := verdictOf(err)
		v.Kept = t.Kept
		raw, err := json.Marshal(v)
		if err == nil {
			err = c.o.Inbox.Reply(ctx, id, l, raw)
		}
		if err != nil {
			c.o.Warn("an answer to another server cannot be written; it will ask again", id, err)
			return false
		}
	}
	return true
}
