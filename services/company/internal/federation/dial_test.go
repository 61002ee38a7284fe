package federation

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api/client"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// A peer over a real connection, its answers written by hand.
func TestDialREST(t *testing.T) {
	mux := http.NewServeMux()
	answer := func(path, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer secret" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(body))
		})
	}
	answer("GET /federation/v1/company", `{"company_id":"SER","name":"Sertão Energia","mqtt_url":"tcp://x:1","public_keys":{"keys":[]},"time":"1770000000000001"}`)
	answer("GET /federation/v1/trips/{trip}/outcome", `{"outcome":"ABORTED"}`)
	mux.HandleFunc("POST /federation/v1/reservations/{id}/confirm", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusGone)
		_, _ = w.Write([]byte(`{"type":"/problems/HOLD_EXPIRED","title":"lapsed","status":410,"code":"HOLD_EXPIRED","detail":"gone"}`))
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	f, err := New(Options{
		Self: "MAR", Dial: DialREST("MAR", nil), Peers: []Peer{{ID: "SER", BaseURL: server.URL, Token: client.Fixed("secret")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Info(t.Context(), "SER", time.Time{})
	if err != nil || info.Name != "Sertão Energia" || info.Time.UnixMicro() != 1770000000000001 || string(info.Keys) != `{"keys":[]}` {
		t.Errorf("Info = %+v, %v", info, err)
	}
	if !f.Skewed("SER") {
		t.Error("a clock of the past is not skewed")
	}
	o, err := f.Originator("SER")
	if err != nil {
		t.Fatal(err)
	}
	const trip, id = charging.TripID("0190a0c0-0000-7000-8000-000000000001"), charging.ReservationID("0190a0c0-0000-7000-8000-000000000002")
	// This peer takes one question at a time: of many, the first few are answered.
	for asked, answered := range map[int]int{1: 1, 3: 3, 100: 20} {
		got, err := o.Outcomes(t.Context(), slices.Repeat([]charging.Question{{TripID: trip, ReservationID: id}}, asked))
		if err != nil || !slices.Equal(got, slices.Repeat([]charging.Outcome{charging.OutcomeAborted}, answered)) {
			t.Errorf("Outcomes of %d = %s, %v", asked, got, err)
		}
	}
	c, err := f.Company("SER")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Confirm(t.Context(), charging.Ref{ID: id, TripID: trip}); !errors.Is(err, charging.CodeHoldExpired) {
		t.Errorf("Confirm: %v, want HOLD_EXPIRED", err)
	}
	if _, err := c.Compensate(t.Context(), charging.Ref{ID: id, TripID: trip}); err == nil || charging.CodeOf(err) == charging.CodeHoldExpired {
		t.Errorf("a route that the peer does not have: %v", err)
	}
}

func TestDialRESTRefusesABadAddress(t *testing.T) {
	_, err := New(Options{Self: "MAR", Dial: DialREST("MAR", nil), Peers: []Peer{{ID: "SER", BaseURL: "ser:8082"}}})
	if err == nil || !strings.Contains(err.Error(), "SER") {
		t.Errorf("New = %v, want it to name the peer", err)
	}
}
