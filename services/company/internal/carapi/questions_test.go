package carapi

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// lost is a CONFIRMED trip that asks about some of its stops; the first deadline
// is by minutes after noon.
func lost(id charging.TripID, by int, legs ...int) trip.Trip {
	t := trip.Trip{ID: id, State: trip.Confirmed, VehicleID: car, Legs: []trip.Leg{{Leg: 1}, {Leg: 2}, {Leg: 3}}}
	for _, leg := range legs {
		t.Ask(trip.Decision{Leg: leg, Code: charging.CodeEVSEOutOfService, ExpiresAt: noon.Add(time.Duration(by) * time.Minute)})
	}
	return t
}

// alert reads the next alert, past what is published of trips; ended is true for
// the end of the retained one.
func (f *fixture) alert(t *testing.T) (a carlink.Alert, retained, ended bool) {
	t.Helper()
	for {
		s := f.next(t)
		if s.topic != carlink.AlertsTopic(car) {
			continue
		}
		if s.payload == "" {
			return a, s.retained, true
		}
		if err := json.Unmarshal([]byte(s.payload), &a); err != nil {
			t.Fatal(err)
		}
		return a, s.retained, false
	}
}

// noAlert checks that none is published before a marker that comes after all the
// rest.
func (f *fixture) noAlert(t *testing.T) {
	t.Helper()
	const marker = trip.EventReset
	f.Changed(trip.Trip{ID: charging.TripID(marker), VehicleID: car, State: trip.Confirmed})
	for {
		s := f.next(t)
		if s.topic == carlink.TripTopic(car, charging.TripID(marker)) {
			return
		}
		if s.topic == carlink.AlertsTopic(car) {
			t.Errorf("published %+v", s)
		}
	}
}

// TestQuestionsWaitForTheCar: both lost stops of a trip are in one retained
// alert, told once, until the trip asks nothing.
func TestQuestionsWaitForTheCar(t *testing.T) {
	f := start(t, nil)
	f.Changed(lost(tripID, 10, 2, 3))
	a, retained, _ := f.alert(t)
	if !retained || len(a.Decisions) != 2 || a.Leg != 2 || a.Code != charging.CodeEVSEOutOfService || a.TripID != tripID {
		t.Errorf("retained %v: %+v", retained, a)
	}
	f.Changed(lost(tripID, 10, 2, 3))
	f.noAlert(t)
	f.Changed(lost(tripID, 10, 3))
	if a, retained, _ = f.alert(t); !retained || len(a.Decisions) != 1 || a.Leg != 3 {
		t.Errorf("after an answer: retained %v: %+v", retained, a)
	}
	f.Changed(lost(tripID, 10))
	if _, retained, ended := f.alert(t); !retained || !ended {
		t.Error("the alert stays after the last answer")
	}
	f.Changed(lost(tripID, 10))
	f.noAlert(t)
}

// TestATripThatWaitsHasNoAlert: what is asked before a trip is booked is in its
// answer.
func TestATripThatWaitsHasNoAlert(t *testing.T) {
	f := start(t, nil)
	asks := lost(tripID, 1, 1)
	asks.State = trip.AwaitingDecision
	f.Changed(asks)
	f.noAlert(t)
}

// TestATripThatEndsEndsItsAlert: nobody answers, and the trip is over.
func TestATripThatEndsEndsItsAlert(t *testing.T) {
	f := start(t, nil)
	f.Changed(lost(tripID, 10, 1))
	f.alert(t)
	over := lost(tripID, 10, 1)
	over.State = trip.Canceled
	f.Changed(over)
	if _, retained, ended := f.alert(t); !retained || !ended {
		t.Error("the alert of a trip that is over stays")
	}
}

// TestTwoTripsOfACar: the topic keeps the one that has to be answered first, and
// then the other; both are told.
func TestTwoTripsOfACar(t *testing.T) {
	f := start(t, nil)
	f.Changed(lost("later", 20, 1))
	if a, retained, _ := f.alert(t); !retained || a.TripID != "later" {
		t.Errorf("retained %v: %+v", retained, a)
	}
	f.Changed(lost("sooner", 10, 1))
	if a, retained, _ := f.alert(t); !retained || a.TripID != "sooner" {
		t.Errorf("retained %v: %+v", retained, a)
	}
	f.Changed(lost("last", 30, 1))
	if a, retained, _ := f.alert(t); retained || a.TripID != "last" {
		t.Errorf("retained %v: %+v", retained, a)
	}
	f.Changed(lost("sooner", 10))
	if a, retained, _ := f.alert(t); !retained || a.TripID != "later" {
		t.Errorf("after an answer: retained %v: %+v", retained, a)
	}
	f.Changed(lost("later", 20))
	if a, retained, _ := f.alert(t); !retained || a.TripID != "last" {
		t.Errorf("after two answers: retained %v: %+v", retained, a)
	}
	f.Changed(lost("last", 30))
	if _, retained, ended := f.alert(t); !retained || !ended {
		t.Error("the alert stays after the last answer")
	}
}

// TestHeardFromAnotherServer: at a broker that servers share, what one of them
// has published the other ends, once it has the trip.
func TestHeardFromAnotherServer(t *testing.T) {
	f := start(t, nil)
	f.Heard(lost(tripID, 10, 1))
	f.noAlert(t)
	f.Changed(lost(tripID, 10))
	if _, retained, ended := f.alert(t); !retained || !ended {
		t.Error("the alert that another server has published stays")
	}
	f.Heard(lost(tripID, 10, 1))
	f.Heard(lost(tripID, 10))
	f.Changed(lost(tripID, 10))
	f.noAlert(t)
}

// TestAnOccupiedPlugIsToldOnce: the proposal to go elsewhere because the car
// before is still there; other proposals are told by who makes them.
func TestAnOccupiedPlugIsToldOnce(t *testing.T) {
	f := start(t, nil)
	there := lost(tripID, 0)
	there.Legs[1].ReservationID = "r2"
	there.Proposal = &trip.Decision{Leg: 2, Code: charging.CodeEVSEOccupied, Detail: "still there", ExpiresAt: noon}
	f.Changed(there)
	if a, retained, _ := f.alert(t); retained || a.Leg != 2 || a.Code != charging.CodeEVSEOccupied || len(a.Proposal) == 0 {
		t.Errorf("retained %v: %+v", retained, a)
	}
	again := *there.Proposal
	again.ExpiresAt = noon.Add(time.Minute)
	there.Proposal = &again
	f.Changed(there)
	f.noAlert(t)
	f.Heard(there)
	f.Changed(there)
	f.noAlert(t)
	late := lost(tripID, 0)
	late.Proposal = &trip.Decision{Leg: 2, Code: charging.CodeTooLate}
	f.Changed(late)
	f.noAlert(t)
	f.Changed(there)
	if a, _, _ := f.alert(t); a.Code != charging.CodeEVSEOccupied {
		t.Errorf("it comes back: %+v", a)
	}
}

func alertTopic(v charging.VehicleID) carlink.Topic {
	return carlink.Topic{Kind: carlink.KindAlerts, Vehicle: v}
}

func retains(topics ...carlink.Topic) func(context.Context) ([]carlink.Topic, error) {
	return func(context.Context) ([]carlink.Topic, error) { return topics, nil }
}

// TestRestoreQuestions: after a restart the broker may have forgotten a question,
// or keep one that was answered.
func TestRestoreQuestions(t *testing.T) {
	f := start(t, nil)
	f.desk.list = map[trip.State][]trip.Trip{trip.Confirmed: {lost(tripID, 10, 1, 2)}}
	if err := f.Restore(t.Context(), none); err != nil {
		t.Fatal(err)
	}
	if a, retained, _ := f.alert(t); !retained || len(a.Decisions) != 2 {
		t.Errorf("retained %v: %+v", retained, a)
	}
	if err := f.Restore(t.Context(), retains(alertTopic(car))); err != nil { // the broker has restarted
		t.Fatal(err)
	}
	if a, retained, _ := f.alert(t); !retained || len(a.Decisions) != 2 {
		t.Errorf("once more: retained %v: %+v", retained, a)
	}
	f.noAlert(t)
	f.desk.list = nil
	f.Changed(lost(tripID, 10))
	f.alert(t)
	if err := f.Restore(t.Context(), retains(alertTopic(car))); err != nil {
		t.Fatal(err)
	}
	if _, retained, ended := f.alert(t); !retained || !ended {
		t.Error("an alert from before the restart, that nobody asks any more, stays")
	}
	f.noAlert(t)
}

// TestAnAnswerWhileRestoring: the list has the trip as it asks, and it is
// answered meanwhile.
func TestAnAnswerWhileRestoring(t *testing.T) {
	f := start(t, nil)
	f.desk.list = map[trip.State][]trip.Trip{trip.Confirmed: {lost(tripID, 10, 1)}}
	once := false
	f.desk.listed = func() {
		if !once {
			once = true
			f.Changed(lost(tripID, 10))
		}
	}
	if err := f.Restore(t.Context(), retains(alertTopic(car))); err != nil {
		t.Fatal(err)
	}
	if _, retained, ended := f.alert(t); !retained || !ended {
		t.Error("the alert stays although it was answered")
	}
	f.noAlert(t)
}
