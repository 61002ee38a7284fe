package saga

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// run is one trip in flight: the only goroutine that writes t.
type run struct {
	c       *Coordinator
	t       trip.Trip
	entries []trip.Entry // not yet in the journal

	ctx     context.Context // ends with the server's life or the lease
	stop    context.CancelFunc
	entered time.Time
	mailbox chan message
	done    chan struct{}

	// lapses is when a hold that may exist has certainly lapsed.
	lapses map[charging.ReservationID]time.Time
	// noTicket marks legs at whose company the ticket is not accepted.
	noTicket map[int]bool
	// tried are the EVSE and window pairs that replans have lost.
	tried map[string]bool
	// full are companies where this company's trips have as much as they may.
	full map[charging.CompanyID]bool
	// waits counts the pauses of the present wait.
	waits int
	// park is set when the server stops: leave at the next safe point.
	park bool
	// cancel is set when the driver has asked for the end of the trip.
	cancel bool
	// taken is set for a trip that was taken over; the journal says so at once.
	taken bool
	// doing is the id of the command that is being carried out.
	doing string

	mu      sync.Mutex
	snap    *trip.Trip
	changed chan struct{}
	// leased is until when the lease is held for certain; writing is set while
	// nobody here knows whether the journal is ahead of snap.
	leased  time.Time
	writing bool
	// quiet is called when the trip first rests or waits; rested is set then.
	quiet  func(booked bool)
	rested bool
}

// errParked ends a run whose trip goes on later, from the journal.
var errParked = errors.New("saga: parked")

// main moves the trip along until it rests in a state that needs nobody.
func (r *run) main() {
	defer r.c.leave(r)
	for {
		if err := r.step(); err != nil {
			r.drainMailbox()
			if !errors.Is(err, errParked) && !r.fatal(err) {
				r.c.o.Warn("a trip was left to recovery", r.t.ID, err)
			}
			return
		}
	}
}

// step runs the trip's present state to its end. errParked means that nothing
// is left to do now.
func (r *run) step() error {
	if r.taken {
		r.taken = false
		return r.save()
	}
	switch r.t.State {
	case trip.Reserving:
		return r.book()
	case trip.AwaitingDecision:
		return r.ask()
	case trip.Confirming:
		return r.confirm()
	case trip.Compensating:
		return r.release()
	default:
		return r.rest()
	}
}

// note adds a journal line about the trip itself.
func (r *run) note(step string, evse charging.EVSEID, answer, detail string) {
	r.entries = append(r.entries, trip.Entry{
		At: time.Now().UTC(), Step: step, State: r.t.State, EVSEID: evse, Answer: answer, Detail: detail,
		Epoch: r.t.Saga.Epoch, Owner: r.t.Saga.Owner,
	})
}

func (r *run) takeEntries() []trip.Entry {
	e := r.entries
	r.entries = nil
	return e
}

// write makes the trip's present content durable and only then shows it. While
// the store is away it is repeated: nothing may go on without it.
func (r *run) write(lease time.Duration, due time.Time) error {
	r.t.UpdatedAt = time.Now().UTC()
	entries := r.takeEntries()
	for n := 0; ; n++ {
		began := r.writes()
		err := r.c.o.Journal.Write(r.ctx, r.t, lease, due, entries)
		if err == nil {
			r.wrote(began, lease)
			r.publish()
			r.show(entries)
			return nil
		}
		if r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		if !unknown(err) {
			return &lostLease{err} // STALE_OWNER: somebody else owns the trip
		}
		if n == 0 {
			r.c.o.Warn("the journal cannot be written; the trip waits", r.t.ID, err)
		}
		if !sleep(r.ctx, backoff(n)) {
			return r.ctx.Err()
		}
	}
}

// lostLease says that the journal refuses this run's writes: it must stop at
// once, another server owns the trip.
type lostLease struct{ err error }

func (l *lostLease) Error() string { return "saga: the lease is lost: " + l.err.Error() }
func (l *lostLease) Unwrap() error { return l.err }

// fatal reports whether a run must stop without another word.
func (r *run) fatal(err error) bool {
	var l *lostLease
	return r.ctx.Err() != nil || errors.As(err, &l)
}

// save is write for a trip that goes on at once.
func (r *run) save() error { return r.write(r.c.o.Lease, time.Now().Add(r.c.o.Lease)) }

// to moves the trip to a state and makes that durable.
func (r *run) to(s trip.State, why string) error {
	if err := r.t.Move(s); err != nil {
		return err
	}
	r.note("state", "", string(s), why)
	return r.save()
}

// writes marks the snapshot as possibly behind, and gives the time.
func (r *run) writes() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writing = true
	return time.Now()
}

// wrote notes the lease that a write has renewed, or given back.
func (r *run) wrote(began time.Time, lease time.Duration) {
	if lease > 0 {
		r.lease(began.Add(lease))
	} else {
		r.lease(time.Time{})
	}
}

// lease says until when the lease is held: counted from before the store was
// asked, so never longer than the store thinks. Zero: it was given back.
func (r *run) lease(until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leased = until
}

// keep holds a lease longer that was not given back meanwhile.
func (r *run) keep(until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.leased.IsZero() {
		r.leased = until
	}
}

// publish shows a clone of what has been written to whoever watches.
func (r *run) publish() {
	snap := r.t.Clone()
	r.mu.Lock()
	r.snap, r.writing = &snap, false
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
	r.c.o.Publish(snap)
}

// show tells what has been written to the journal.
func (r *run) show(entries []trip.Entry) {
	if len(entries) > 0 {
		r.c.o.Steps(r.t.VehicleID, r.t.ID, entries)
	}
}

// onQuiet is false for a trip that is quiet already.
func (r *run) onQuiet(f func(booked bool)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rested {
		return false
	}
	r.quiet = f
	return true
}

// rests says that the trip has nothing to do for now.
func (r *run) rests() {
	r.mu.Lock()
	f := r.quiet
	r.quiet, r.rested = nil, true
	r.mu.Unlock()
	if f != nil {
		f(r.t.State == trip.Confirmed)
	}
}

func (r *run) snapshot() trip.Trip {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.snap.Clone()
}

// watch gives the snapshot, what is closed when there is another one, and
// whether the snapshot is the trip's present state for sure.
func (r *run) watch() (t trip.Trip, changed <-chan struct{}, sure bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.snap.Clone(), r.changed, !r.writing && time.Now().Before(r.leased)
}

// forgetAnswers prepares a trip that another owner began: what it heard is
// asked again, with the same ids, and every hold may be as fresh as now, unless
// the journal knows better.
func (r *run) forgetAnswers() {
	lapse := time.Now().Add(r.c.o.HoldTTL + r.c.o.CallTimeout + ClockMargin)
	if r.t.Saga.LapsesBy != nil {
		lapse = *r.t.Saga.LapsesBy
	}
	for k := range r.t.Legs {
		l := &r.t.Legs[k]
		r.lapses[l.ReservationID] = lapse
		if r.t.State == trip.Reserving || r.t.State == trip.AwaitingDecision {
			if l.State == charging.Claimed || l.State == charging.Pending {
				l.State, l.ExpiresAt = trip.LegPlanned, nil
			}
		}
	}
	for _, a := range r.t.Saga.Abandoned {
		r.lapses[a.ReservationID] = lapse
	}
}

// maxRaises bounds how often one call may ask for a higher epoch.
const maxRaises = 3

// do makes one action with the trip's present epoch, keeps its journal lines,
// and raises the epoch where a company has seen a higher one.
func (r *run) do(a action, budget time.Duration) (charging.Reservation, error) {
	for n := 0; ; n++ {
		out := r.c.attempt(r.ctx, a, budget)
		r.heard(a, out)
		var refusal *charging.Refusal
		if !errors.As(out.err, &refusal) || refusal.Code != charging.CodeStaleOwner || n == maxRaises {
			return out.res, out.err
		}
		if err := r.raise(refusal.SeenEpoch); err != nil {
			return out.res, err
		}
		a.ref.Epoch = r.t.Saga.Epoch
	}
}

// raise takes an epoch above one that a company has seen, as the holder of the
// lease may after a restore of the journal.
func (r *run) raise(seen int64) error {
	epoch, err := r.c.o.Journal.Raise(r.ctx, r.t, seen)
	if charging.CodeOf(err) == charging.CodeStaleOwner {
		return &lostLease{err}
	}
	if err != nil {
		return err
	}
	r.t.Saga.Epoch = epoch
	r.note("epoch", "", "ok", "a company had seen a higher epoch")
	return nil
}

// heard keeps what an action's attempts tell, in the journal lines and the leg,
// and until when a hold may be there because of them.
func (r *run) heard(a action, out answer) {
	for i := range out.entries {
		out.entries[i].State = r.t.State
	}
	if a.holds && out.sent {
		at := time.Now().Add(r.c.o.HoldTTL + r.c.o.CallTimeout + ClockMargin)
		r.lapses[a.ref.ID] = later(r.lapses[a.ref.ID], at)
	}
	r.entries = append(r.entries, out.entries...)
	for k := range r.t.Legs {
		if r.t.Legs[k].ReservationID == a.ref.ID {
			r.t.Legs[k].Attempts += len(out.entries)
		}
	}
}

// parkWhenIdle asks the run to leave at its next safe point.
func (r *run) parkWhenIdle() {
	select {
	case r.mailbox <- message{kind: msgPark}:
	default:
	}
}
