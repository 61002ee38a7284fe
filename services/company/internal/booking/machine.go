package booking

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// machine is what a trip does next: by its state, and by what it is asked. The
// table in doc.go is these switches.
type machine struct{ *run }

// Step runs the trip's present state to its end.
func (m machine) Step() error {
	switch m.t.State {
	case trip.Reserving:
		return reserving(m).book()
	case trip.AwaitingDecision:
		return asking(m).ask()
	case trip.Confirming:
		return confirming(m).confirm()
	case trip.Compensating:
		return releasing(m).release()
	default:
		return booked(m).idle()
	}
}

// Receive carries out a command, as far as the trip's present state allows it.
func (m machine) Receive(c command) error {
	switch o := orderOf(c); m.t.State {
	case trip.Reserving, trip.Confirming, trip.Compensating:
		m.underWay(c, o)
		return nil
	case trip.AwaitingDecision:
		return m.whileAsking(c, o)
	case trip.Confirmed:
		return m.whileBooked(c, o)
	default:
		return m.whenOver(c, o)
	}
}

// underWay answers a command between two steps of a trip that is not booked.
func (m machine) underWay(c command, o order) {
	if m.Did(c) {
		m.Answer(c, nil)
		return
	}
	switch o.kind {
	case orderPark:
		m.parking = true
	case orderCancel:
		m.Answer(c, m.wishCancel(c))
	case orderNotice:
		m.keepNotice(o.notice)
		m.Answer(c, nil)
	case orderDecide:
		m.Answer(c, charging.Refuse(charging.CodeNotAwaitingDecision, "the trip is "+string(m.t.State)+" and awaits no decision"))
	case orderShift, orderPropose:
		m.Answer(c, charging.Refuse(charging.CodeNotAwaitingDecision, "the trip is "+string(m.t.State)+"; only a CONFIRMED trip can swap a stop"))
	case orderPlug, orderUnplug:
		m.Answer(c, charging.Refuse(charging.CodeNoReservationHere, "the trip is "+string(m.t.State)+", not CONFIRMED: no stop of it can be used"))
	case orderRetry:
		m.note("retry", "", "ok", "asked for by an operator")
		m.Answer(c, nil)
	case orderResolve:
		err := releasing(m).resolve(o.reason)
		if err == nil {
			err = m.Save() // an operator's word is audited before it is acted on
		}
		m.Answer(c, err)
	}
}

// whileAsking takes the driver's answer; anything else is as under way, and the
// trip may end with it.
func (m machine) whileAsking(c command, o order) error {
	if o.kind == orderDecide && !m.Did(c) {
		return asking(m).answered(c, o.choice)
	}
	m.underWay(c, o)
	return asking(m).goOn(o.kind == orderNotice)
}

// whileBooked carries out a command on a CONFIRMED trip and answers it. A refused
// command leaves the trip as before.
func (m machine) whileBooked(c command, o order) error {
	if m.Did(c) {
		m.answerKept(c, o, booked(m).keptNow(), nil)
		return nil
	}
	if o.kind == orderNotice {
		return booked(m).notice(c, o.notice)
	}
	kept, served, err := m.carryOut(c, o)
	if !served {
		m.underWay(c, o)
		return nil
	}
	if err != nil && charging.CodeOf(err) == "" {
		err = &charging.Refusal{
			Code: charging.CodePeerUnavailable, Detail: "the company could not be asked; the trip keeps its stops",
			RetryAfter: time.Second, Cause: err,
		}
	}
	m.answerKept(c, o, kept, err)
	if m.Fatal(err) {
		return err
	}
	return nil
}

// answerKept says besides which stops a cancel could not release.
func (m machine) answerKept(c command, o order, kept []trip.Kept, err error) {
	if o.kind != orderCancel {
		m.Answer(c, err)
		return
	}
	m.AnswerWith(c, func(t *trip.Trip) { t.Kept = kept }, err)
}

// carryOut does what a command asks of a CONFIRMED trip; served is false for what
// is nothing of the kind.
func (m machine) carryOut(c command, o order) (kept []trip.Kept, served bool, err error) {
	m.doing = c.ID
	defer func() { m.doing = "" }()
	switch o.kind {
	case orderCancel:
		kept, err = booked(m).cancelBooked()
	case orderShift:
		err = changing(m).change(o.legs)
	case orderPropose:
		err = changing(m).propose(o.proposal)
	case orderDecide:
		err = booked(m).decideBooked(o.choice)
	case orderPlug:
		err = visiting(m).plug(o.visit)
	case orderUnplug:
		err = visiting(m).unplug(o.visit)
	case orderPark: // it will be parked anyway
	default:
		return nil, false, nil
	}
	return kept, true, err
}

// whenOver answers what is asked of a trip that is at its end: bills may still
// come in, and be asked for again.
func (m machine) whenOver(c command, o order) error {
	var err error
	m.doing = c.ID
	switch {
	case m.Did(c):
	case o.kind == orderPlug:
		err = visiting(m).plug(o.visit)
	case o.kind == orderUnplug:
		err = visiting(m).unplug(o.visit)
	case o.kind == orderCancel && m.t.State == trip.Completed:
		err = charging.Refuse(charging.CodeCancelTooLate, "the trip is completed")
	case o.kind == orderCancel:
	case o.kind == orderNotice && m.keepNotice(o.notice):
		err = m.Save()
	case o.kind == orderNotice:
	default:
		m.underWay(c, o)
	}
	m.doing = ""
	m.Answer(c, err) // once: what underWay has answered stays so
	if m.Fatal(err) {
		return err
	}
	return nil
}
