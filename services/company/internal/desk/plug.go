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

// Start says that the car has plugged in; see charging.Sessions. One vehicle has one
// session in the federation: it is claimed here, its session begins, and the peers are
// asked before the plug is answered (docs/adr/0010-a-session-is-a-state.md).
func (d *Desk) Start(ctx context.Context, ref charging.Ref, a charging.Arrival) (charging.Reservation, error) {
	if err := d.Remembers(); err != nil {
		return charging.Reservation{}, err
	}
	at, s, err := d.at(ref)
	if err != nil {
		return charging.Reservation{}, err
	}
	vehicle, visit, err := d.claim(ctx, at)
	if err != nil {
		return charging.Reservation{}, err
	}
	res, err := d.o.Calendar.Start(ctx, at, a, s.Terms)
	if err != nil {
		if charging.CodeOf(err) != charging.CodeStoreUnavailable {
			d.freeCar(ctx, vehicle, visit)
		}
		return charging.Reservation{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), plugTime)
	defer cancel()
	res, err = d.decided(ctx, at, visit, res)
	if err == nil && res.State == charging.Charging {
		d.show(ctx, res.EVSEID, charging.Condition{Charging: res.ID})
	}
	return res, err
}

// claim takes the vehicle of a stop that may begin, or has begun. A stop of which
// nothing can become, and one that is another company's, is left to the calendar to
// refuse. VEHICLE_BUSY.
func (d *Desk) claim(ctx context.Context, at charging.At) (charging.VehicleID, charging.Visit, error) {
	known, err := d.o.Calendar.Reservation(ctx, at.ID, []charging.LocationID{at.Location})
	if charging.CodeOf(err) == charging.CodeUnknownReservation || err == nil && (!known.State.Booked() || known.Origin != at.Origin) {
		return "", charging.Visit{}, nil
	}
	if err != nil {
		return "", charging.Visit{}, err
	}
	visit, mine, err := d.o.Calendar.ClaimCar(ctx, known.VehicleID, at, nil)
	if err != nil || mine {
		return known.VehicleID, visit, err
	}
	goesOn, err := d.goesOn(ctx, visit)
	if err == nil && !goesOn {
		visit, mine, err = d.o.Calendar.ClaimCar(ctx, known.VehicleID, at, &visit)
	}
	if err == nil && !mine {
		err = busy(known.VehicleID, string(visit.EVSEID))
	}
	return known.VehicleID, visit, err
}

// goesOn says whether a claim stands for a session: its record is CHARGING, or about
// to be.
func (d *Desk) goesOn(ctx context.Context, v charging.Visit) (bool, error) {
	res, err := d.o.Calendar.Reservation(ctx, v.ReservationID, []charging.LocationID{v.Location})
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
func (d *Desk) decided(ctx context.Context, at charging.At, visit charging.Visit, res charging.Reservation) (charging.Reservation, error) {
	if !res.Open {
		return d.answer(ctx, res, visit)
	}
	where := d.elsewhere(ctx, charging.Contest{
		VehicleID: res.VehicleID, ReservationID: res.ID, EVSEID: res.EVSEID, StartedAt: visit.StartedAt,
	})
	if where == "" {
		goesOn, err := d.o.Calendar.AnswerCar(ctx, res.VehicleID, visit)
		if err != nil {
			return charging.Reservation{}, err
		}
		if !goesOn {
			where = "another company"
		}
	}
	if where != "" {
		return d.back(ctx, at, res, visit, where)
	}
	answered, err := d.o.Calendar.Answered(ctx, at)
	if err != nil {
		return charging.Reservation{}, err
	}
	if answered.State == charging.Reserved {
		d.freeCar(ctx, res.VehicleID, charging.Visit{ReservationID: res.ID})
		return charging.Reservation{}, busy(res.VehicleID, "another company")
	}
	answered.Replay = res.Replay
	return d.changed(answered, nil)
}

// open decides a plug that has been open for too long: whoever was to answer it has
// died before the other companies were asked, or before it was answered. Until then
// they take it as answered, so that of two at once one goes on at most.
func (d *Desk) open(ctx context.Context, s *site, res charging.Reservation) {
	at := charging.At{Location: s.ID, Ref: charging.Ref{
		ID: res.ID, TripID: res.TripID, Origin: res.Origin, EVSEID: res.EVSEID, End: res.Window.End, Epoch: max(res.Epoch, 1),
	}}
	vehicle, visit, err := d.claim(ctx, at)
	switch {
	case err == nil && vehicle == "":
		return // its car has left meanwhile: there is nothing to ask about
	case charging.CodeOf(err) == charging.CodeVehicleBusy:
		_, err = d.o.Calendar.Back(ctx, at)
	case err == nil:
		res, err = d.decided(ctx, at, visit, res)
	}
	if err == nil && res.State == charging.Charging {
		d.show(ctx, res.EVSEID, charging.Condition{Charging: res.ID})
	}
	if err != nil && charging.CodeOf(err) != charging.CodeVehicleBusy {
		d.trouble(ctx, "decide the plug of reservation "+string(res.ID), err)
	}
}

// answer repeats what was answered before. A claim that was lost on the way is noted
// again.
func (d *Desk) answer(ctx context.Context, res charging.Reservation, visit charging.Visit) (charging.Reservation, error) {
	if res.State == charging.Charging && !visit.Answered && visit.StartedAt != "" {
		if _, err := d.o.Calendar.AnswerCar(ctx, res.VehicleID, visit); err != nil {
			return charging.Reservation{}, err
		}
	}
	return d.changed(res, nil)
}

// back takes a plug back whose vehicle charges elsewhere. One that somebody else has
// answered meanwhile goes on.
func (d *Desk) back(ctx context.Context, at charging.At, res charging.Reservation, visit charging.Visit, where string) (charging.Reservation, error) {
	now, err := d.o.Calendar.Back(ctx, at)
	if err != nil {
		return charging.Reservation{}, err
	}
	if now.State != charging.Reserved {
		return d.changed(now, nil)
	}
	d.freeCar(ctx, res.VehicleID, visit)
	return charging.Reservation{}, busy(res.VehicleID, where)
}

func busy(v charging.VehicleID, where string) error {
	return charging.Refuse(charging.CodeVehicleBusy,
		fmt.Sprintf("vehicle %s has a session at %s: unplug there first, then plug in here; the stop is still yours", v, where))
}

// elsewhere asks all other companies at once whether they have a session of the
// vehicle, and names one that has. Who does not answer in time allows it.
func (d *Desk) elsewhere(ctx context.Context, k charging.Contest) string {
	if d.o.Garages == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, d.o.ContestTimeout)
	defer cancel()
	others := d.o.Garages.Others()
	has := make([]bool, len(others))
	var wg sync.WaitGroup
	for i, id := range others {
		wg.Go(func() { has[i] = d.contest(ctx, id, k) })
	}
	wg.Wait()
	for i, id := range others {
		if has[i] {
			return string(id)
		}
	}
	return ""
}

func (d *Desk) contest(ctx context.Context, id charging.CompanyID, k charging.Contest) bool {
	garage, err := d.o.Garages.Garage(id)
	has := false
	if err == nil {
		has, err = garage.Contest(ctx, k)
	}
	if err != nil {
		d.o.Log(string(id)+" does not say whether vehicle "+string(k.VehicleID)+" charges there; it may at "+string(k.EVSEID), err)
	}
	return has && err == nil
}

// microsRE is a time in µs, below 2^53.
var microsRE = regexp.MustCompile(`^[1-9][0-9]{0,15}$`)

// Contest says whether a vehicle that has just plugged in elsewhere charges here; see
// charging.Garage. INVALID_FIELD, STORE_UNAVAILABLE.
func (d *Desk) Contest(ctx context.Context, k charging.Contest) (bool, error) {
	if err := d.Remembers(); err != nil {
		return false, err
	}
	for _, err := range []error{k.VehicleID.Validate(), k.ReservationID.Validate(), k.EVSEID.Validate(), d.barred(k.EVSEID.Company())} {
		if err != nil {
			return false, err
		}
	}
	if !microsRE.MatchString(k.StartedAt) {
		return false, charging.Invalid("started_at", "must be microseconds since 1970, in decimals")
	}
	its, has, err := d.o.Calendar.ContestCar(ctx, k)
	if err != nil || !has {
		return false, err
	}
	goesOn, err := d.goesOn(ctx, its)
	if err == nil && !goesOn {
		err = d.o.Calendar.FreeCar(ctx, k.VehicleID, its)
	}
	return goesOn, err
}

// freeCar forgets a session that is over. What stays is found to be over by who meets it.
func (d *Desk) freeCar(ctx context.Context, v charging.VehicleID, its charging.Visit) {
	if v == "" {
		return
	}
	if err := d.o.Calendar.FreeCar(ctx, v, its); err != nil {
		d.trouble(ctx, "forget the session of vehicle "+string(v), err)
	}
}

// keepCar notes the session of a vehicle that a recovery has brought back.
func (d *Desk) keepCar(ctx context.Context, at charging.At, v charging.VehicleID) {
	visit, mine, err := d.o.Calendar.ClaimCar(ctx, v, at, nil)
	if err == nil && mine {
		_, err = d.o.Calendar.AnswerCar(ctx, v, visit)
	}
	if err != nil {
		d.trouble(ctx, "note the session of vehicle "+string(v), err)
	}
}
