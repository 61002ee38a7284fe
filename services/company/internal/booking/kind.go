package booking

import (
	"encoding/json"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/saga"
)

// The engine's types as they are for trips.
type (
	// Engine are the options of the engine that runs trips.
	Engine = saga.Options[trip.Trip, trip.Entry]
	// Journal is the durable memory of the trips of one company.
	Journal = saga.Journal[trip.Trip, trip.Entry]

	engineRun = saga.Run[trip.Trip, trip.Entry]
	command   = saga.Command[trip.Trip]
)

// kind tells the engine what a trip is.
type kind struct{ o Options }

var _ saga.Kind[trip.Trip, trip.Entry] = kind{}

func (k kind) Machine(r *engineRun, taken bool) saga.Machine[trip.Trip] {
	return machine{newRun(k.o, r, taken)}
}

func (kind) Of(t trip.Trip) saga.ID { return t.ID }

func (kind) Clone(t trip.Trip) trip.Trip { return t.Clone() }

func (kind) Stamp(t *trip.Trip, at time.Time) { t.UpdatedAt = at }

func (kind) Done(t *trip.Trip) *[]string { return &t.Saga.Done }

func (kind) Encode(order any) ([]byte, error) { return encodeOrder(order) }

func (kind) Decode(body []byte) (any, error) { return decodeOrder(body) }

// Aside is which stops a cancel could not release.
func (kind) Aside(t trip.Trip) (json.RawMessage, error) {
	if len(t.Kept) == 0 {
		return nil, nil
	}
	return json.Marshal(t.Kept)
}

func (kind) WithAside(t trip.Trip, aside json.RawMessage) (trip.Trip, error) {
	t.Kept = nil
	if len(aside) == 0 {
		return t, nil
	}
	err := json.Unmarshal(aside, &t.Kept)
	return t, err
}

func (kind) Words() saga.Words {
	return saga.Words{
		Noun:      "trip",
		Full:      "too many trips are being booked here; try again shortly",
		Elsewhere: "the trip is being worked on by another server of this company; ask again shortly",
		Silent:    "the server of this company that works on the trip has not answered; look at the trip and ask again",
	}
}
