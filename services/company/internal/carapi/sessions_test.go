package carapi

import (
	"slices"
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const unplug = `{"request_id":"r","evse_id":"` + evse + `","soc":0.5}`

// TestARefusalAtThePlugPasses: the refusal of a moment is not the answer to its
// request id for good. (An unplug that had overtaken its plug was refused for
// ever, and the session ran on.)
func TestARefusalAtThePlugPasses(t *testing.T) {
	f := start(t, nil)
	f.desk.err = charging.Refuse(charging.CodeNoReservationHere, "not plugged in")
	f.send(carlink.ActionUnplug, unplug)
	if r, code := f.reply(t); r.Status != 409 || code != charging.CodeNoReservationHere {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	f.eventually(t, "the request stays under way", func() bool { return f.free(call{car, "r"}) })
	f.desk.err = nil
	f.send(carlink.ActionUnplug, unplug)
	if r, _ := f.reply(t); r.Status != 200 {
		t.Errorf("the repeat: %d %s", r.Status, r.Body)
	}
}

// TestAKeptUnplug: it is accepted, and the repeat of its request gets the bill.
func TestAKeptUnplug(t *testing.T) {
	f := start(t, nil)
	for _, c := range []struct {
		state  charging.State
		status int
	}{{charging.Reserved, 202}, {charging.Charging, 202}, {charging.Fulfilled, 200}, {charging.Reserved, 200}} {
		f.desk.left = c.state
		f.send(carlink.ActionUnplug, unplug)
		if r, _ := f.reply(t); r.Status != c.status {
			t.Errorf("%s: %d %s, want %d", c.state, r.Status, r.Body, c.status)
		}
		f.eventually(t, "the request stays under way", func() bool { return f.free(call{car, "r"}) })
	}
}

// TestAnOfferReachesTheCar: with what may be taken instead.
func TestAnOfferReachesTheCar(t *testing.T) {
	f := start(t, nil)
	f.desk.err = &trip.Offer{
		Refusal:      charging.Refuse(charging.CodeEVSEOccupied, "another car is there"),
		Alternatives: []trip.Alternative{{ID: "a1", Leg: 1}},
	}
	f.send(carlink.ActionPlug, unplug)
	if r, code := f.reply(t); r.Status != 409 || code != charging.CodeEVSEOccupied || !strings.Contains(string(r.Body), `"alternative_id":"a1"`) {
		t.Errorf("%d %s", r.Status, r.Body)
	}
}

// TestAnswersToSeveralQuestions reach the trip as they were given.
func TestAnswersToSeveralQuestions(t *testing.T) {
	f := start(t, nil)
	close(f.desk.settled)
	f.send(carlink.ActionDecision, `{"request_id":"r","trip_id":"`+string(tripID)+`","answers":[{"leg":2,"action":"give_up"},{"leg":3,"action":"continue","alternative_id":"a"}]}`)
	if r, _ := f.reply(t); r.Status != 200 {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	if got := f.desk.asked(); !slices.Equal(got, []string{"decide " + string(tripID) + " 2:give_up 3:continuea"}) {
		t.Errorf("asked %q", got)
	}
}

// TestACancelWaitsForTheEnd: a trip that asks its driver, or is being released,
// is no answer to a cancel. (It was, in six of seven tries.)
func TestACancelWaitsForTheEnd(t *testing.T) {
	f := start(t, nil)
	asks := f.desk.trip(trip.AwaitingDecision)
	asks.Ask(trip.Decision{Leg: 1, Code: charging.CodeSlotTaken})
	f.desk.canceling = []trip.Trip{asks, f.desk.trip(trip.Compensating), f.desk.trip(trip.Aborted)}
	f.send(carlink.ActionCancel, `{"request_id":"r","trip_id":"`+string(tripID)+`"}`)
	if r, _ := f.reply(t); r.Status != 200 || !strings.Contains(string(r.Body), `"state":"ABORTED"`) {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	kept := f.desk.trip(trip.Confirmed)
	kept.Kept = []trip.Kept{{Leg: 1, Code: charging.CodeCancelTooLate, Until: noon}}
	f.desk.canceling = []trip.Trip{kept}
	f.eventually(t, "the request stays under way", func() bool { return f.free(call{car, "r"}) })
	f.send(carlink.ActionCancel, `{"request_id":"r2","trip_id":"`+string(tripID)+`"}`)
	if s := f.next(t); !strings.Contains(s.payload, `"kept":[{"leg":1,"code":"CANCEL_TOO_LATE","until":"2026-03-01T12:00:00Z"}]`) {
		t.Errorf("%+v", s)
	}
}
