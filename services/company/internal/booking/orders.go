package booking

import (
	"context"
	"encoding/json"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/saga"
)

// orderKind is written into forwarded commands: a number keeps its meaning.
type orderKind int

const (
	orderPark    orderKind = 0 // saga.Park; it is never written
	orderDecide  orderKind = 1
	orderCancel  orderKind = 2
	orderNotice  orderKind = 4
	orderRetry   orderKind = 5
	orderResolve orderKind = 6
	orderShift   orderKind = 7
	orderPropose orderKind = 8
	orderPlug    orderKind = 9
	orderUnplug  orderKind = 10
)

// order is what a command asks of a trip; which fields count depends on its kind.
type order struct {
	kind     orderKind
	choice   Choice
	visit    Visit
	notice   charging.Notice
	reason   string
	legs     []trip.Leg
	proposal *trip.Decision
}

// orderOf reads what a command asks.
func orderOf(c command) order {
	if o, ok := c.Order.(order); ok {
		return o
	}
	return order{kind: orderPark} // saga.Park
}

// encodedOrder is an order as it is written into a forwarded command.
type encodedOrder struct {
	Kind   orderKind        `json:"kind"`
	Choice *Choice          `json:"choice,omitempty"`
	Visit  *Visit           `json:"visit,omitempty"`
	Notice *charging.Notice `json:"notice,omitempty"`
	Reason string           `json:"reason,omitempty"`
	// Legs of a shift; Proposal of a propose, absent to take it down.
	Legs     []trip.Leg     `json:"legs,omitempty"`
	Proposal *trip.Decision `json:"proposal,omitempty"`
}

func encodeOrder(asked any) ([]byte, error) {
	o, _ := asked.(order)
	return json.Marshal(encodedOrder{o.kind, &o.choice, &o.visit, &o.notice, o.reason, o.legs, o.proposal})
}

func decodeOrder(body []byte) (order, error) {
	var t encodedOrder
	if err := json.Unmarshal(body, &t); err != nil {
		return order{}, err
	}
	o := order{kind: t.Kind, reason: t.Reason, legs: t.Legs, proposal: t.Proposal}
	if t.Choice != nil {
		o.choice = *t.Choice
	}
	if t.Visit != nil {
		o.visit = *t.Visit
	}
	if t.Notice != nil {
		o.notice = *t.Notice
	}
	return o, nil
}

// Choice is a driver's answer to a question, checked by the front desk: exactly
// one of Take, Wait and GiveUp is set.
type Choice struct {
	// Leg is the stop that is asked about. 0 is the first question; with GiveUp it
	// is the whole trip, which ends as by Cancel. A trip that is not booked yet is
	// booked whole or not at all: to give up its lost stop is to give it up.
	Leg int
	// Take is the alternative to go on with.
	Take *trip.Alternative
	// Wait for the older trip that is ahead.
	Wait bool
	// GiveUp lets the stop go.
	GiveUp bool
}

// Visit is a car that has plugged in at, or left, one of its trip's stops.
type Visit struct {
	ReservationID charging.ReservationID `json:"reservation_id"`
	Plug          charging.Plug          `json:"plug"`
	// UsableKWh is the car's battery, for one whose meter says nothing; zero where
	// it is not known.
	UsableKWh float64 `json:"usable_kwh,omitempty"`
}

// Inbox is saga.Inbox as the store has it.
type Inbox interface {
	Forward(ctx context.Context, id charging.TripID, l trip.Forwarded, life time.Duration) (forwarded bool, err error)
	Pending(ctx context.Context, id charging.TripID) ([]trip.Forwarded, error)
	Reply(ctx context.Context, id charging.TripID, l trip.Forwarded, answer []byte) error
	Result(ctx context.Context, id charging.TripID, command string) (answer []byte, free bool, err error)
}

// inbox gives the engine its own commands.
type inbox struct{ Inbox }

var _ saga.Inbox = inbox{}

func (b inbox) Forward(ctx context.Context, id charging.TripID, l saga.Forwarded, life time.Duration) (bool, error) {
	return b.Inbox.Forward(ctx, id, trip.Forwarded(l), life)
}

func (b inbox) Pending(ctx context.Context, id charging.TripID) ([]saga.Forwarded, error) {
	found, err := b.Inbox.Pending(ctx, id)
	pending := make([]saga.Forwarded, len(found))
	for i, l := range found {
		pending[i] = saga.Forwarded(l)
	}
	return pending, err
}

func (b inbox) Reply(ctx context.Context, id charging.TripID, l saga.Forwarded, answer []byte) error {
	return b.Inbox.Reply(ctx, id, trip.Forwarded(l), answer)
}
