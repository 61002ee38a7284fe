package booking

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/saga"
)

// visiting is a trip whose car plugs in at a stop, or leaves it.
type visiting struct{ *run }

// visited finds the stop that a car means, once it is known what became of an
// earlier plug.
func (r visiting) visited(v Visit) (int, error) {
	if err := r.finishPlugging(); err != nil {
		return 0, err
	}
	k := r.legOf(v.ReservationID)
	if k < 0 {
		return 0, charging.Refuse(charging.CodeNoReservationHere, "the stop at "+string(v.Plug.EVSEID)+" is no longer the trip's; look at the trip, and plug in where it says")
	}
	if l := r.t.Legs[k]; l.State == charging.Canceled {
		return 0, charging.Refuse(charging.CodeNoReservationHere, fmt.Sprintf(
			"stop %d at %s is canceled; take another for it: ask for its alternatives", l.Leg, l.EVSEID))
	}
	return k, nil
}

// plug journals which stop the car is at before its company is asked, so that
// whoever takes over asks what became of it before that stop is changed.
func (r visiting) plug(v Visit) error {
	k, err := r.visited(v)
	if err != nil {
		return err
	}
	l := r.t.Legs[k]
	if l.State == charging.Charging || l.Session.Over() && !v.Plug.At.IsZero() && !v.Plug.At.After(l.Session.EndedAt) {
		return nil // a repeat
	}
	if err := r.mayPlug(l); err != nil {
		return err
	}
	r.t.Saga.Plugging = &trip.Plugging{Leg: l.Leg, ReservationID: l.ReservationID, Plug: v.Plug}
	r.note("plug", l.EVSEID, "ok", "journaled before its company is asked")
	if err := r.Save(); err != nil {
		return err
	}
	res, err := r.start(k, v.Plug)
	switch {
	case r.Fatal(err) || saga.Unknown(err):
		return err
	case err != nil:
		r.t.Saga.Plugging = nil
		return err
	}
	return r.began(k, v.Plug, res)
}

// mayPlug keeps the order within the trip: one session at a time.
func (r visiting) mayPlug(l trip.Leg) error {
	switch at := r.t.Charging(); {
	case l.State == charging.Fulfilled:
		return charging.Refuse(charging.CodeSessionEnded, fmt.Sprintf("stop %d at %s is over, its session is billed; plan a trip from here to charge again", l.Leg, l.EVSEID))
	case l.State == charging.NoShow:
		return charging.Refuse(charging.CodeTooLate, fmt.Sprintf("nobody had come to stop %d at %s in time", l.Leg, l.EVSEID))
	case r.t.State != trip.Confirmed:
		return charging.Refuse(charging.CodeNoReservationHere, "the trip is "+string(r.t.State))
	case at != nil:
		return charging.Refuse(charging.CodeVehicleBusy, fmt.Sprintf("the car is charging at stop %d, %s: unplug there first, then plug in here again", at.Leg, at.EVSEID))
	case r.t.Saga.Plugging != nil && r.t.Saga.Plugging.ReservationID != l.ReservationID:
		return inDoubt(*r.t.Saga.Plugging)
	}
	return nil
}

// inDoubt says that nobody knows yet whether a stop's session has begun.
func inDoubt(p trip.Plugging) error {
	return &charging.Refusal{
		Code: charging.CodePeerUnavailable, RetryAfter: time.Second,
		Detail: fmt.Sprintf("the car may be charging at stop %d, whose company does not answer; ask again shortly", p.Leg),
	}
}

func (r visiting) start(k int, p charging.Plug) (charging.Reservation, error) {
	l := r.t.Legs[k]
	return r.do(action{
		step: "start", leg: l.Leg, ref: r.t.Ref(k),
		call: r.session(func(ctx context.Context, s charging.Sessions, ref charging.Ref) (charging.Reservation, error) {
			return s.Start(ctx, ref, charging.Arrival{At: p.At, PlannedKWh: l.EnergyKWh})
		}),
	}, r.o.StepBudget)
}

// session makes a call to the part of a company that a car at the plug meets.
func (r visiting) session(call func(context.Context, charging.Sessions, charging.Ref) (charging.Reservation, error)) func(context.Context, charging.Company, charging.Ref) (charging.Reservation, error) {
	return func(ctx context.Context, _ charging.Company, ref charging.Ref) (charging.Reservation, error) {
		s, err := r.o.Companies.Sessions(ref.EVSEID.Company())
		if err != nil {
			return charging.Reservation{}, err
		}
		return call(ctx, s, ref)
	}
}

// began makes a session that its company has answered the trip's, and carries
// out the unplug that had overtaken it.
func (r visiting) began(k int, p charging.Plug, res charging.Reservation) error {
	l := &r.t.Legs[k]
	session := charging.Session{StartedAt: res.Started}
	if res.Session != nil {
		session = *res.Session
	}
	session.StartSoC = p.SoC
	l.Session = joinSession(l.Session, session)
	if l.State = charging.Charging; res.State == charging.Fulfilled {
		l.State = charging.Fulfilled
	}
	r.t.Saga.Plugging, r.t.Saga.Missed = nil, 0
	r.carCame(k)
	r.MarkDone(r.doing)
	r.note("plugged", l.EVSEID, "ok", fmt.Sprintf("stop %d is %s", l.Leg, l.State))
	if at := p.At; !at.IsZero() {
		// What was before this plug was said of another.
		r.dropUnplugs(func(u trip.Unplug) bool { return u.ReservationID == l.ReservationID && u.Plug.At.Before(at) })
	}
	if err := r.Save(); err != nil {
		return err
	}
	return r.leaveKept()
}

// unplug ends a session, or keeps the word for the plug that it has overtaken.
func (r visiting) unplug(v Visit) error {
	k, err := r.visited(v)
	if err != nil {
		return err
	}
	l := r.t.Legs[k]
	if l.State == charging.Fulfilled && l.Session.Over() && !l.Session.Estimated {
		return nil // a repeat: billed once and for all
	}
	u := trip.Unplug{ReservationID: v.ReservationID, Plug: v.Plug, UsableKWh: v.UsableKWh}
	err = r.leave(k, u)
	early := charging.CodeOf(err) == charging.CodeTooEarly || saga.Unknown(err) && r.t.Saga.Plugging != nil
	switch {
	case l.State != charging.Reserved || !early || r.Fatal(err):
		return err
	case v.Plug.At.IsZero() && charging.CodeOf(err) == charging.CodeTooEarly:
		return charging.Refuse(charging.CodeTooEarly, fmt.Sprintf(
			"nobody has plugged in at stop %d, %s, yet: if the car has, its word is still on the way; say again that it has left, or say when (at)", l.Leg, l.EVSEID))
	case v.Plug.At.IsZero():
		return err
	}
	r.dropUnplugs(func(had trip.Unplug) bool { return had.ReservationID == u.ReservationID })
	r.t.Saga.Unplugs = append(r.t.Saga.Unplugs, u)
	r.MarkDone(r.doing)
	r.note("unplug", l.EVSEID, "kept", "it has overtaken its plug")
	return r.Save()
}

// leave tells a stop's company that the car has left, and keeps the bill.
func (r visiting) leave(k int, u trip.Unplug) error {
	l := &r.t.Legs[k]
	res, err := r.complete(l.Leg, r.t.Ref(k), charging.Leaving{EnergyKWh: taken(*l, u), At: u.Plug.At})
	if err != nil {
		return err
	}
	if s := res.Session; s != nil {
		if !l.Session.Over() || l.Session.Estimated {
			s.EndSoC = u.Plug.SoC
		}
		l.Session = joinSession(l.Session, *s)
	}
	l.State = charging.Fulfilled
	r.carCame(k)
	r.dropUnplugs(func(had trip.Unplug) bool { return had.ReservationID == l.ReservationID })
	if p := r.t.Saga.Plugging; p != nil && p.ReservationID == l.ReservationID {
		r.t.Saga.Plugging = nil
	}
	r.MarkDone(r.doing)
	r.note("unplugged", l.EVSEID, "ok", fmt.Sprintf("stop %d is billed", l.Leg))
	return r.Save()
}

func (r visiting) complete(leg int, ref charging.Ref, l charging.Leaving) (charging.Reservation, error) {
	return r.do(action{
		step: "complete", leg: leg, ref: ref,
		call: r.session(func(ctx context.Context, s charging.Sessions, ref charging.Ref) (charging.Reservation, error) {
			return s.Complete(ctx, ref, l)
		}),
	}, r.o.StepBudget)
}

// taken is the energy that a car has charged: what its meter says, else what its
// battery has gained, else what was planned.
func taken(l trip.Leg, u trip.Unplug) float64 {
	switch {
	case u.Plug.EnergyKWh != nil:
		return *u.Plug.EnergyKWh
	case u.UsableKWh == 0 || l.Session == nil || l.Session.StartSoC == 0:
		return l.EnergyKWh
	}
	return math.Round(max(0, u.Plug.SoC-l.Session.StartSoC)*u.UsableKWh*1000) / 1000
}

// leaveKept carries out the unplugs that have come before their plugs. What a
// company does not answer is left for the next look. The error is fatal.
func (r visiting) leaveKept() error {
	for _, u := range slices.Clone(r.t.Saga.Unplugs) {
		k := r.legOf(u.ReservationID)
		switch {
		case k < 0 || r.t.Legs[k].State.Final():
			r.dropUnplugs(func(had trip.Unplug) bool { return had.ReservationID == u.ReservationID })
		case r.t.Legs[k].State == charging.Charging:
			if err := r.leave(k, u); r.Fatal(err) {
				return err
			}
		}
	}
	return nil
}

// finishPlugging asks what became of a plug whose answer is not in the journal.
// Where its company never heard of it the mark is dropped: the car asks again. A
// session that has begun is started once more, so that its company asks its peers
// where it had not answered yet. While nobody answers the mark stays. The error is
// fatal.
func (r visiting) finishPlugging() error {
	p := r.t.Saga.Plugging
	if p == nil {
		return nil
	}
	k := r.legOf(p.ReservationID)
	if k < 0 || r.t.Legs[k].State != charging.Reserved {
		r.t.Saga.Plugging = nil
		return nil
	}
	res, err := r.read(k)
	if err == nil && (res.State == charging.Charging || res.State == charging.Reserved && !res.Started.IsZero()) {
		res, err = r.start(k, p.Plug)
	}
	switch {
	case r.Fatal(err):
		return err
	case saga.Unknown(err):
		return nil
	case err == nil && (res.State == charging.Fulfilled || !res.Started.IsZero() || res.State == charging.Charging):
		return r.began(k, p.Plug, res)
	}
	r.t.Saga.Plugging = nil
	r.note("plug", r.t.Legs[k].EVSEID, "undone", "its company had not heard of it")
	return r.Save()
}

// read asks a stop's company once what it has on record.
func (r visiting) read(k int) (charging.Reservation, error) {
	return r.do(action{
		step: "read", leg: r.t.Legs[k].Leg, ref: r.t.Ref(k),
		call: func(ctx context.Context, c charging.Company, ref charging.Ref) (charging.Reservation, error) {
			from, ok := c.(charging.Reader)
			if !ok {
				return charging.Reservation{}, charging.Refuse(charging.CodeUnknownRoute, string(ref.EVSEID.Company())+" tells nothing of its records")
			}
			return from.Reservation(ctx, ref.ID)
		},
	}, 0)
}

// joinSession joins what a company says about a session to what is known: only the
// car's own server knows its charge.
func joinSession(known *charging.Session, s charging.Session) *charging.Session {
	if known != nil {
		if s.StartSoC == 0 {
			s.StartSoC = known.StartSoC
		}
		if s.EndSoC == 0 {
			s.EndSoC = known.EndSoC
		}
	}
	return &s
}
