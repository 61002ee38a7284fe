package chaos

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// At a kerb the first window lies ahead by every clock, and so near by that of the
// fastest that a car may plug in; otherwise no car of a run ever charges.
func TestWindowsAtAKerbBeginSoon(t *testing.T) {
	now := time.Now()
	for _, fastest := range []time.Duration{0, 5 * time.Minute} {
		c := course{started: now.Add(-time.Hour), fastest: fastest, evses: map[charging.CompanyID][]charging.EVSEID{
			"MAR": {"a"}, "SER": {"b", "c"}, "CAJ": {"d"},
		}}
		rng := rand.New(rand.NewPCG(1, 1))
		for range 100 {
			for _, s := range c.kerb(now).stops(rng) {
				ahead := s.Window.Start.Sub(now.Add(fastest))
				if ahead < time.Minute || ahead > 10*time.Minute || s.Window.Duration() < charging.MinWindow {
					t.Fatalf("%v begins in %s", s.Window, ahead)
				}
			}
		}
	}
}

// TestAnswersAtThePlugAreRead: a code that is not read would count as a session.
func TestAnswersAtThePlugAreRead(t *testing.T) {
	for body, want := range map[string]history.Op{
		`{"status":200,"body":{"reservation_id":"r","trip_id":"t","state":"CHARGING"}}`: {
			Status: 200, Stop: &history.Stop{ReservationID: "r", Trip: "t", State: charging.Charging},
		},
		`{"status":202,"body":{"state":"kept"}}`:       {Status: 202},
		`{"status":409,"body":{"code":"TOO_EARLY"}}`:   {Status: 409, Code: charging.CodeTooEarly},
		`{"status":409,"body":"something unexpected"}`: {Status: 409, Code: "UNREADABLE"},
	} {
		reply, err := carlink.ParseReply([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		var got history.Op
		hear(&got, reply)
		want.Answered = true
		a, _ := json.Marshal(got)
		if b, _ := json.Marshal(want); string(a) != string(b) {
			t.Errorf("%s is read as %s, want %s", body, a, b)
		}
	}
}
