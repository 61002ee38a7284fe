package client

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/problem"
)

func TestManyOutcomesInOneRequest(t *testing.T) {
	const one, two = "0190a0c0-0000-7000-8000-000000000001", "0190a0c0-0000-7000-8000-000000000002"
	about := []charging.Question{{TripID: one, ReservationID: two}, {TripID: two, ReservationID: one}}
	for name, tt := range map[string]struct {
		answer string
		want   []charging.Outcome
		err    error
	}{
		"all":            {`{"outcomes":["CONFIRMED","UNKNOWN"]}`, []charging.Outcome{charging.OutcomeConfirmed, charging.OutcomeUnknown}, nil},
		"only the first": {`{"outcomes":["ABORTED"]}`, []charging.Outcome{charging.OutcomeAborted}, nil},
		"too many":       {`{"outcomes":["ABORTED","ABORTED","ABORTED"]}`, nil, ErrRubbish},
		"none of four":   {`{"outcomes":["ABORTED","SOLD"]}`, nil, ErrRubbish},
		"another shape":  {`{"outcomes":{}}`, nil, ErrRubbish},
		"refused":        {"", nil, charging.CodeStoreUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if got, err := api.DecodeOutcomes(body); err != nil || r.Method+r.URL.Path != "POST/federation/v1/outcomes" || !slices.Equal(got, about) {
					t.Errorf("%s %s: %+v, %v", r.Method, r.URL, got, err)
				}
				if tt.answer == "" {
					_ = problem.New("STORE_UNAVAILABLE", "d").Write(w)
					return
				}
				answerJSON(w, http.StatusOK, json.RawMessage(tt.answer))
			}))
			defer srv.Close()
			c, err := New(Options{BaseURL: srv.URL})
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Outcomes(t.Context(), about)
			if !errors.Is(err, tt.err) || !slices.Equal(got, tt.want) {
				t.Errorf("%v, %v; want %v, %v", got, err, tt.want, tt.err)
			}
		})
	}
}
