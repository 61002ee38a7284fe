package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

func TestInstantsHaveMillisecondsAtMost(t *testing.T) {
	for in, want := range map[string]string{
		`{"at":"2026-11-23T12:00:00.123456789Z"}`:           `{"at":"2026-11-23T12:00:00.123Z"}`,
		`["2026-11-23T12:00:00.9999Z","x"]`:                 `["2026-11-23T12:00:00.999Z","x"]`,
		`["2026-11-23T12:00:00.12Z"]`:                       `["2026-11-23T12:00:00.12Z"]`,
		`["2026-11-23T12:00:00Z"]`:                          `["2026-11-23T12:00:00Z"]`,
		`["2026-11-23T12:00:00.123456+03:00"]`:              `["2026-11-23T12:00:00.123456+03:00"]`,
		`{"soc":0.123456789,"said":"v1.123456789Z"}`:        `{"soc":0.123456789,"said":"v1.123456789Z"}`,
		`{"said":"at 2026-11-23T12:00:00.123456789Z"}`:      `{"said":"at 2026-11-23T12:00:00.123456789Z"}`,
		`["2026-11-23T12:00:00.123456Z",1.5,2.25,"a.b",""]`: `["2026-11-23T12:00:00.123Z",1.5,2.25,"a.b",""]`,
		``: ``, `.`: `.`, `"."`: `"."`,
	} {
		if got := string(millis([]byte(in))); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// A trip's answer and an event both go through it: an instant of the clock, to the
// nanosecond, is in neither.
func TestAnswersAndEventsHaveMillisecondsAtMost(t *testing.T) {
	precise := time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.UTC)
	w := newWorld(t)
	w.front.t.CreatedAt = precise
	if body := w.ask("GET", "/api/v1/trips/"+string(tripID), asCar, "").Body.String(); !strings.Contains(body, `"created_at":"2026-11-23T12:00:00.123Z"`) {
		t.Errorf("a trip: %s", body)
	}
	rec := httptest.NewRecorder()
	c := w.echo.NewContext(httptest.NewRequest("GET", "/api/v1/events", nil), rec)
	st := stream{c: c, rc: http.NewResponseController(c.Response())}
	if err := st.event(trip.Event{Type: trip.EventTrip, At: precise}); err != nil || !strings.Contains(rec.Body.String(), `"2026-11-23T12:00:00.123Z"`) {
		t.Errorf("an event: %v %s", err, rec.Body)
	}
}
