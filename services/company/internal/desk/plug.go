package desk

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// plugTime bounds what is done for a plug once its session has begun: an answer that
// nobody waits for any more still has to be found.
const plugTime = 5 * time.Second

// plugs is what happens at a plug: a car comes, and leaves. A vehicle has one session in
// the federation.
type plugs struct {
	*ground
	loss    *dataLoss
	rules   *rules
	display *display
	notices *notices
}

// Start says that the car has plugged in; see charging.Sessions. One vehicle has one
// session in the federation: it is claimed here, its session begins, and the peers are
// asked before the plug is answered (docs/adr/0010-a-session-is-a-state.md).
func (d *Desk) Start(ctx context.Context, ref charging.Ref, a charging.Arrival) (charging.Reservation, error) {
	return d.plugs.start(ctx, ref, a)
}

func (p *plugs) start(ctx context.Context, ref charging.Ref, a charging.Arrival) (charging.Reservation, error) {
	if err := p.loss.refuse(); err != nil {
		return charging.Reservation{}, err
	}
	at, s, err := p.rules.at(ref)
	if err != nil {
		return charging.Reservation{}, err
	}
	vehicle, visit, err := p.claim(ctx, at)
	if err != nil {
		return charging.Reservation{}, err
	}
	res, err := p.o.Calendar.Start(ctx, at, a, s.Terms)
	if err != nil {
		if charging.CodeOf(err) != charging.CodeStoreUnavailable {
			p.freeCar(ctx, vehicle, visit)
		}
		return charging.Reservation{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), plugTime)
	defer cancel()
	res, err = p.decided(ctx, at, visit, res)
	if err == nil && res.State == charging.Charging {
		p.display.show(ctx, res.EVSEID, charging.Condition{Charging: res.ID})
	}
	return res, err
}

// Complete says that the car has left; see charging.Sessions.
func (d *Desk) Complete(ctx context.Context, ref charging.Ref, l charging.Leaving) (charging.Reservation, error) {
	return d.plugs.complete(ctx, ref, l)
}

func (p *plugs) complete(ctx context.Context, ref charging.Ref, l charging.Leaving) (charging.Reservation, error) {
	if err := p.loss.refuse(); err != nil {
		return charging.Reservation{}, err
	}
	at, s, err := p.rules.at(ref)
	if err != nil {
		return charging.Reservation{}, err
	}
	m := s.meter(ref.EVSEID)
	m.EnergyKWh, m.At = l.EnergyKWh, l.At
	res, err := p.changed(p.o.Calendar.Complete(ctx, at, m))
	if err == nil {
		p.freeCar(ctx, res.VehicleID, charging.Visit{ReservationID: res.ID})
		p.display.left(ctx, res.EVSEID, res.ID)
		p.notices.wakeOutbox()
	}
	return res, err
}

// claim takes the vehicle of a stop that may begin, or has begun. A stop of which
// nothing can become, and one that is another company's, is left to the calendar to
// refuse. VEHICLE_BUSY.
func (p *plugs) claim(ctx context.Context, at charging.At) (charging.VehicleID, charging.Visit, error) {
	known, err := p.o.Calendar.Reservation(ctx, at.ID, []charging.LocationID{at.Location})
	if charging.CodeOf(err) == charging.CodeUnknownReservation || err == nil && (!known.State.Booked() || known.Origin != at.Origin) {
		return "", charging.Visit{}, nil
	}
	if err != nil {
		return "", charging.Visit{}, err
	}
	visit, mine, err := p.o.Calendar.ClaimCar(ctx, known.VehicleID, at, nil)
	if err != nil || mine {
		return known.VehicleID, visit, err
	}
	goesOn, err := p.goesOn(ctx, visit)
	if err == nil && !goesOn {
		visit, mine, err = p.o.Calendar.ClaimCar(ctx, known.VehicleID, at, &visit)
	}
	if err == nil && !mine {
		err = busy(known.VehicleID, string(visit.EVSEID))
	}
	return known.VehicleID, visit, err
}

// goesOn says whether a claim stands for a session: its record is CHARGING, or about
// to be.
func (p *plugs) goesOn(ctx context.Context, v charging.Visit) (bool, error) {
	res, err := p.o.Calendar.Reservation(ctx, v.ReservationID, []charging.LocationID{v.Location})
	switch {
	case charging.CodeOf(err) == charging.CodeUnknownReservation:
		return false, nil
	case err != nil:
		return false, err
	case res.State == charging.Charging:
		return true, nil
	}
	return v.Open() && res.State == charging.Reserved, nil
}

// decided answers a plug whose session has begun, or takes it back.
func (p *plugs) decided(ctx context.Context, at charging.At, visit charging.Visit, res charging.Reservation) (charging.Reservation, error) {
	if !res.Open {
		return p.answer(ctx, res, visit)
	}
	where := p.elsewhere(ctx, charging.Contest{
		VehicleID: res.VehicleID, ReservationID: res.ID, EVSEID: res.EVSEID, StartedAt: visit.StartedAt,
	})
	if where == "" {
		goesOn, err := p.o.Calendar.AnswerCar(ctx, res.VehicleID, visit)
		if err != nil {
			return charging.Reservation{}, err
		}
		if !goesOn {
			where = "another company"
		}
	}
	if where != "" {
		return p.back(ctx, at, res, visit, where)
	}
	answered, err := p.o.Calendar.Answered(ctx, at)
	if err != nil {
		return charging.Reservation{}, err
	}
	if answered.State == charging.Reserved {
		p.freeCar(ctx, res.VehicleID, charging.Visit{ReservationID: res.ID})
		return charging.Reservation{}, busy(res.VehicleID, "another company")
	}
	answered.Replay = res.Replay
	return p.changed(answered, nil)
}

// open decides a plug that has been open for too long: whoever was to answer it has
// died before the other companies were asked, or before it was answered. Until then
// they take it as answered, so that of two at once one goes on at most.
func (p *plugs) open(ctx context.Context, s *site, res charging.Reservation) {
	at := charging.At{Location: s.ID, Ref: charging.Ref{
		ID: res.ID, TripID: res.TripID, Origin: res.Origin, EVSEID: res.EVSEID, End: res.Window.End, Epoch: max(res.Epoch, 1),
	}}
	vehicle, visit, err := p.claim(ctx, at)
	switch {
	case err == nil && vehicle == "":
		return // its car has left meanwhile: there is nothing to ask about
	case charging.CodeOf(err) == charging.CodeVehicleBusy:
		_, err = p.o.Calendar.Back(ctx, at)
	case err == nil:
		res, err = p.decided(ctx, at, visit, res)
	}
	if err == nil && res.State == charging.Charging {
		p.display.show(ctx, res.EVSEID, charging.Condition{Charging: res.ID})
	}
	if err != nil && charging.CodeOf(err) != charging.CodeVehicleBusy {
		p.trouble(ctx, "decide the plug of reservation "+string(res.ID), err)
	}
}

// answer repeats what was answered before. A claim that was lost on the way is noted
// again.
func (p *plugs) answer(ctx context.Context, res charging.Reservation, visit charging.Visit) (charging.Reservation, error) {
	if res.State == charging.Charging && !visit.Answered && visit.StartedAt != "" {
		if _, err := p.o.Calendar.AnswerCar(ctx, res.VehicleID, visit); err != nil {
			return charging.Reservation{}, err
		}
	}
	return p.changed(res, nil)
}

// back takes a plug back whose vehicle charges elsewhere. One that somebody else has
// answered meanwhile goes on.
func (p *plugs) back(ctx context.Context, at charging.At, res charging.Reservation, visit charging.Visit, where string) (charging.Reservation, error) {
	now, err := p.o.Calendar.Back(ctx, at)
	if err != nil {
		return charging.Reservation{}, err
	}
	if now.State != charging.Reserved {
		return p.changed(now, nil)
	}
	p.freeCar(ctx, res.VehicleID, visit)
	return charging.Reservation{}, busy(res.VehicleID, where)
}

func busy(v charging.VehicleID, where string) error {
	return charging.Refuse(charging.CodeVehicleBusy,
		fmt.Sprintf("vehicle %s has a session at %s: unplug there first, then plug in here; the stop is still yours", v, where))
}

// elsewhere asks all other companies at once whether they have a session of the
// vehicle, and names one that has. Who does not answer in time allows it.
func (p *plugs) elsewhere(ctx context.Context, k charging.Contest) string {
	if p.o.Garages == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, p.o.ContestTimeout)
	defer cancel()
	others := p.o.Garages.Others()
	has := make([]bool, len(others))
	var wg sync.WaitGroup
	for i, id := range others {
		wg.Go(func() { has[i] = p.contest(ctx, id, k) })
	}
	wg.Wait()
	for i, id := range others {
		if has[i] {
			return string(id)
		}
	}
	return ""
}

func (p *plugs) contest(ctx context.Context, id charging.CompanyID, k charging.Contest) bool {
	garage, err := p.o.Garages.Garage(id)
	has := false
	if err == nil {
		has, err = garage.Contest(ctx, k)
	}
	if err != nil {
		p.o.Log(string(id)+" does not say whether vehicle "+string(k.VehicleID)+" charges there; it may at "+string(k.EVSEID), err)
	}
	return has && err == nil
}

// microsRE is a time in µs, below 2^53.
var microsRE = regexp.MustCompile(`^[1-9][0-9]{0,15}$`)

// Contest says whether a vehicle that has just plugged in elsewhere charges here; see
// charging.Garage. INVALID_FIELD, STORE_UNAVAILABLE.
func (d *Desk) Contest(ctx context.Context, k charging.Contest) (bool, error) {
	return d.plugs.contested(ctx, k)
}

func (p *plugs) contested(ctx context.Context, k charging.Contest) (bool, error) {
	if err := p.loss.refuse(); err != nil {
		return false, err
	}
	for _, err := range []error{k.VehicleID.Validate(), k.ReservationID.Validate(), k.EVSEID.Validate(), p.rules.barred(k.EVSEID.Company())} {
		if err != nil {
			return false, err
		}
	}
	if !microsRE.MatchString(k.StartedAt) {
		return false, charging.Invalid("started_at", "must be microseconds since 1970, in decimals")
	}
	its, has, err := p.o.Calendar.ContestCar(ctx, k)
	if err != nil || !has {
		return false, err
	}
	goesOn, err := p.goesOn(ctx, its)
	if err == nil && !goesOn {
		err = p.o.Calendar.FreeCar(ctx, k.VehicleID, its)
	}
	return goesOn, err
}

// freeCar forgets a session that is over. What stays is found to be over by who meets it.
func (p *plugs) freeCar(ctx context.Context, v charging.VehicleID, its charging.Visit) {
	if v == "" {
		return
	}
	if err := p.o.Calendar.FreeCar(ctx, v, its); err != nil {
		p.trouble(ctx, "forget the session of vehicle "+string(v), err)
	}
}

// keepCar notes the session of a vehicle that a recovery has brought back.
func (p *plugs) keepCar(ctx context.Context, at charging.At, v charging.VehicleID) {
	visit, mine, err := p.o.Calendar.ClaimCar(ctx, v, at, nil)
	if err == nil && mine {
		_, err = p.o.Calendar.AnswerCar(ctx, v, visit)
	}
	if err != nil {
		p.trouble(ctx, "note the session of vehicle "+string(v), err)
	}
}
