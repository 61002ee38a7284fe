package httpapi

import (
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// fakeStage keeps the last command; it has all that a play may show.
type fakeStage struct{ told api.StageCommand }

func (f *fakeStage) Show() api.Stage {
	step := api.StageStepped{N: 1, At: now, From: "Ana", To: "MAR", What: "book", Driver: "Ana", Answer: "RESERVING", Why: "book"}
	return api.Stage{
		State: api.StagePaused, Scene: api.SceneOnePlug, Take: 1, PaceSeconds: 3, Now: now, Store: "redis-server", Next: &step,
		Drivers: []api.StageDriver{{Name: "Ana", CompanyID: "MAR", VehicleID: car, TripID: tripID, State: "RESERVING", GrantedAt: "17", Rank: 1, Legs: []api.StageLeg{{EVSEID: evseID, CompanyID: "MAR", State: "PLANNED", Start: now, End: now}}}},
		Companies: []api.StageCompany{{
			CompanyID: "MAR", Status: "up", StoreAddr: "127.0.0.1:6381", Keys: []api.StageKey{{Key: "cal", Type: "zset", Value: "x", TTLMillis: 1}},
			Calendars: []api.StageCalendar{{EVSEID: evseID, Entries: []api.StageEntry{{ReservationID: rsvID, Driver: "Ana", State: charging.Claimed, Start: now, End: now}}}},
		}},
		Slow: []api.StageStepped{}, Steps: []api.StageStepped{step},
	}
}

func (f *fakeStage) Steer(c api.StageCommand) (api.Stage, error) {
	f.told = c
	return f.Show(), nil
}

// Where there is no demo there is no stage. It fails where a server of serve has one.
func TestOnlyADemoHasAStage(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Stage = nil })
	for _, method := range []string{"GET", "POST"} {
		if rec := w.ask(method, "/api/v1/stage", asNobody, `{"action":"play"}`); rec.Code != 404 || code(rec) != "UNKNOWN_ROUTE" {
			t.Errorf("%s: %d %s", method, rec.Code, rec.Body)
		}
	}
}

// What cannot be meant does not reach the director.
func TestStageCommands(t *testing.T) {
	w := newWorld(t)
	for body, want := range map[string]string{
		`{"action":"start","scene":"one_plug"}`: "OK", `{"action":"pace","pace_seconds":1.5}`: "OK", `{"action":"step"}`: "OK",
		`{"action":"start"}`: "INVALID_FIELD", `{"action":"dance"}`: "INVALID_FIELD", `{"action":"start","scene":"none"}`: "INVALID_FIELD",
		`{"action":"pace","pace_seconds":31}`: "INVALID_FIELD", `{"action":"play","more":1}`: "INVALID_FIELD", `{}`: "INVALID_FIELD", `[`: "MALFORMED_REQUEST",
	} {
		if got := code(w.ask("POST", "/api/v1/stage", asNobody, body)); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}
