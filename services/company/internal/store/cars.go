package store

import (
	"context"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// carLife is how long a vehicle's session is remembered at most: longer than any
// window and stay.
const carLife = 48 * time.Hour

// states of a visit, as car:{VEHICLE_ID} keeps them.
const (
	visitOpen     = "open"
	visitAnswered = "answered"
	visitYielded  = "yielded"
)

// ClaimCar takes a vehicle for a session that is about to begin, before Start. It
// answers the claim in force, and whether that is the reservation's own; instead of
// one that is over it takes over (nil: of none).
func (c Calendar) ClaimCar(ctx context.Context, v charging.VehicleID, at charging.At, over *charging.Visit) (charging.Visit, bool, error) {
	replace := ""
	if over != nil {
		replace = visitText(*over)
	}
	got, err := c.run(ctx, "claim a vehicle", claimCarScript, []string{c.keys.car(v)},
		string(at.ID), string(at.Location), string(at.EVSEID), replace, ms(carLife), ms(charging.OpenPlug))
	if err != nil {
		return charging.Visit{}, false, err
	}
	return visit(got), got.str(0) == "1", nil
}

// ContestCar judges between this company's session of a vehicle and one that has just
// begun elsewhere: busy is true when this company's goes on. One that is not answered
// yet and began later yields with it.
func (c Calendar) ContestCar(ctx context.Context, k charging.Contest) (its charging.Visit, busy bool, err error) {
	got, err := c.replicated(ctx, "contest a vehicle", contestScript, []string{c.keys.car(k.VehicleID)},
		string(k.ReservationID), string(k.EVSEID), k.StartedAt, ms(charging.OpenPlug))
	if err != nil {
		return charging.Visit{}, false, err
	}
	return visit(got), got.str(0) == "1", nil
}

// AnswerCar notes that a vehicle's plug is about to be answered; false when its claim
// has yielded, or is another's by now.
func (c Calendar) AnswerCar(ctx context.Context, v charging.VehicleID, its charging.Visit) (bool, error) {
	open, answered := its, its
	open.Answered, open.Yielded, answered.Answered, answered.Yielded = false, false, true, false
	got, err := c.replicated(ctx, "answer a vehicle", answerCarScript, []string{c.keys.car(v)}, visitText(open), visitText(answered), ms(carLife))
	return got.str(0) == "1", err
}

// FreeCar forgets a vehicle's session, if it still is this one; one without a start
// stands for any of its reservation.
func (c Calendar) FreeCar(ctx context.Context, v charging.VehicleID, its charging.Visit) error {
	only := ""
	if its.StartedAt != "" {
		only = visitText(its)
	}
	return failed(ctx, "free a vehicle", freeCarScript.Run(ctx, c.rdb, []string{c.keys.car(v)}, string(its.ReservationID), only).Err())
}

// visitText is a visit as the key holds it: reservation|location|evse|µs|state.
func visitText(v charging.Visit) string {
	state := visitOpen
	switch {
	case v.Answered:
		state = visitAnswered
	case v.Yielded:
		state = visitYielded
	}
	return strings.Join([]string{string(v.ReservationID), string(v.Location), string(v.EVSEID), v.StartedAt, state}, "|")
}

// visit reads {…, what visitText wrote, '1' when it is old}.
func visit(r reply) charging.Visit {
	p := strings.SplitN(r.str(1), "|", 5)
	if len(p) != 5 {
		return charging.Visit{}
	}
	return charging.Visit{
		ReservationID: charging.ReservationID(p[0]), Location: charging.LocationID(p[1]), EVSEID: charging.EVSEID(p[2]), StartedAt: p[3],
		Answered: p[4] == visitAnswered, Yielded: p[4] == visitYielded, Old: r.str(2) == "1",
	}
}
