package httpapi

import (
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/events"
)

// A trip's answer and an event both go through it: an instant of the clock, to the
// nanosecond, is in neither.
func TestAnswersAndEventsHaveMillisecondsAtMost(t *testing.T) {
	precise := time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.UTC)
	w := newWorld(t)
	w.front.t.CreatedAt = precise
	if body := w.ask("GET", "/api/v1/trips/"+string(tripID), asCar, "").Body.String(); !strings.Contains(body, `"created_at":"2026-11-23T12:00:00.123Z"`) {
		t.Errorf("a trip: %s", body)
	}
	hub := events.NewHub(0)
	sub := hub.Subscribe(t.Context(), 0, events.Filter{})
	hub.Publish(trip.EventTrip, precise, car, tripID, w.front.t)
	if text := string((<-sub.C()).Text); strings.Count(text, `"2026-11-23T12:00:00.123Z"`) != 2 {
		t.Errorf("an event: %s", text)
	}
}
