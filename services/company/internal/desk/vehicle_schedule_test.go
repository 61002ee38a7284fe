package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// A timetable plays what several servers do one step after the other: each waits at
// every step that it takes in its store, and at every question to a peer, until it is
// picked. One goroutine goes at a time, so a seed gives the same order again.
type timetable struct {
	*rand.Rand
	reached chan any // a *point, or a *errand that is done
	waiting []*point
	going   int // errands that are not done
	sent    int
	did     []string
}

// errand is one request to a server, or one of its rounds.
type errand struct {
	name   string
	co     charging.CompanyID
	server *int // the number of the server that runs now; another: this one is dead
	born   int
	asks   int // questions to peers that are not answered
	done   func()
	n      int
	haste  float64
}

func (e *errand) dead() bool { return *e.server != e.born }

// point is where an errand waits.
type point struct {
	*errand
	step string
	peer charging.CompanyID // of a question
	// haste is its errand's, and a question's own: the hastiest mostly goes first, so
	// that some wait for as long as others take for all they do.
	haste float64
	k     charging.Contest
	take  chan bool // false: it is not taken
	says  chan said // of a question
}

type said struct {
	busy bool
	err  error
}

var errDead = errors.New("the server is dead")

type errandKey struct{}

// send has a server run an errand up to its first step.
func (s *timetable) send(ctx context.Context, e *errand, do func(context.Context)) {
	s.going++
	s.sent++
	e.n, e.haste = s.sent, s.Float64()
	go func() {
		do(context.WithValue(ctx, errandKey{}, e))
		s.reached <- e
	}()
	s.settle()
}

// settle waits until the errand that goes waits again, or is done.
func (s *timetable) settle() {
	for n := 1; n > 0; n-- {
		switch at := (<-s.reached).(type) {
		case *point:
			if at.peer != "" && at.asks == 0 { // they are asked at once
				at.asks = peersOf(at.co)
				n += at.asks - 1
			}
			s.waiting = append(s.waiting, at)
		case *errand:
			s.going--
			at.done()
		}
	}
	slices.SortStableFunc(s.waiting, func(a, b *point) int { return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.peer, b.peer)) })
	for _, p := range s.waiting {
		if p.haste == 0 && p.peer != "" {
			p.haste = s.Float64()
		}
	}
}

// at waits until a step may be taken.
func (s *timetable) at(ctx context.Context, step string) error {
	e, _ := ctx.Value(errandKey{}).(*errand)
	if e == nil {
		return nil // the test's own
	}
	if e.dead() {
		return errDead
	}
	p := &point{errand: e, step: step, haste: e.haste, take: make(chan bool)}
	s.reached <- p
	if !<-p.take {
		return errDead
	}
	return nil
}

// next is one that waits.
func (s *timetable) next() *point {
	if s.IntN(4) == 0 {
		return s.pick(s.IntN(len(s.waiting)))
	}
	hastiest := 0
	for k, p := range s.waiting {
		if p.haste > s.waiting[hastiest].haste {
			hastiest = k
		}
	}
	return s.pick(hastiest)
}

// pick takes one that waits off the list.
func (s *timetable) pick(k int) *point {
	p := s.waiting[k]
	s.waiting = slices.Delete(s.waiting, k, k+1)
	s.did = append(s.did, fmt.Sprintf("  %s %s: %s %s", p.co, p.name, p.step, p.peer))
	return p
}

// say answers a question.
func (s *timetable) say(p *point, a said) {
	p.says <- a
	if p.asks--; p.asks == 0 {
		s.settle()
	}
}

// gated is a store whose steps are taken when the timetable says so.
type gated struct {
	Calendar
	s *timetable
}

func gate[T any](ctx context.Context, s *timetable, step string, do func() (T, error)) (T, error) {
	if err := s.at(ctx, step); err != nil {
		var none T
		return none, err
	}
	got, err := do()
	if e, _ := ctx.Value(errandKey{}).(*errand); e != nil && e.dead() {
		err = errDead
	}
	return got, err
}

func (g gated) Start(ctx context.Context, at charging.At, a charging.Arrival, terms charging.Terms) (charging.Reservation, error) {
	return gate(ctx, g.s, "start", func() (charging.Reservation, error) { return g.Calendar.Start(ctx, at, a, terms) })
}

func (g gated) Answered(ctx context.Context, at charging.At) (charging.Reservation, error) {
	return gate(ctx, g.s, "answered", func() (charging.Reservation, error) { return g.Calendar.Answered(ctx, at) })
}

func (g gated) Back(ctx context.Context, at charging.At) (charging.Reservation, error) {
	return gate(ctx, g.s, "back", func() (charging.Reservation, error) { return g.Calendar.Back(ctx, at) })
}

func (g gated) Complete(ctx context.Context, at charging.At, m charging.Meter) (charging.Reservation, error) {
	return gate(ctx, g.s, "complete", func() (charging.Reservation, error) { return g.Calendar.Complete(ctx, at, m) })
}

func (g gated) Reservation(ctx context.Context, id charging.ReservationID, among []charging.LocationID) (charging.Reservation, error) {
	return gate(ctx, g.s, "read", func() (charging.Reservation, error) { return g.Calendar.Reservation(ctx, id, among) })
}

type claimed struct {
	visit charging.Visit
	yes   bool
}

func (g gated) ClaimCar(ctx context.Context, v charging.VehicleID, at charging.At, over *charging.Visit) (charging.Visit, bool, error) {
	c, err := gate(ctx, g.s, "claim", func() (c claimed, err error) {
		c.visit, c.yes, err = g.Calendar.ClaimCar(ctx, v, at, over)
		return c, err
	})
	return c.visit, c.yes, err
}

func (g gated) ContestCar(ctx context.Context, k charging.Contest) (charging.Visit, bool, error) {
	c, err := gate(ctx, g.s, "contest", func() (c claimed, err error) {
		c.visit, c.yes, err = g.Calendar.ContestCar(ctx, k)
		return c, err
	})
	return c.visit, c.yes, err
}

func (g gated) AnswerCar(ctx context.Context, v charging.VehicleID, its charging.Visit) (bool, error) {
	return gate(ctx, g.s, "answer", func() (bool, error) { return g.Calendar.AnswerCar(ctx, v, its) })
}

func (g gated) FreeCar(ctx context.Context, v charging.VehicleID, its charging.Visit) error {
	_, err := gate(ctx, g.s, "free", func() (bool, error) { return true, g.Calendar.FreeCar(ctx, v, its) })
	return err
}

// roads lead from one company to the others.
type roads struct {
	s    *timetable
	self charging.CompanyID
}

var federation = []charging.CompanyID{"MAR", "SER", "CAJ"}

func peersOf(charging.CompanyID) int { return len(federation) - 1 }

func (r roads) Others() []charging.CompanyID {
	return slices.DeleteFunc(slices.Clone(federation), func(id charging.CompanyID) bool { return id == r.self })
}

func (r roads) Garage(id charging.CompanyID) (charging.Garage, error) { return road{r.s, id}, nil }

type road struct {
	s  *timetable
	to charging.CompanyID
}

// Contest waits at the timetable for its answer.
func (r road) Contest(ctx context.Context, k charging.Contest) (bool, error) {
	e := ctx.Value(errandKey{}).(*errand)
	if e.dead() {
		return false, errDead
	}
	p := &point{errand: e, step: "asks", peer: r.to, k: k, says: make(chan said)}
	r.s.reached <- p
	a := <-p.says
	return a.busy, a.err
}
