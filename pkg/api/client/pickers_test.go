package client

import (
	"net/http"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

// Each call asks its own route, with what it was given, escaped.
func TestPickersCalls(t *testing.T) {
	var last string
	d := driver(t, func(w http.ResponseWriter, r *http.Request) {
		last = r.Method + " " + r.RequestURI
		switch {
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		case r.URL.Path == "/api/v1/vehicles/me":
			answerJSON(w, 200, map[string]any{"vehicle_id": "EV-0001", "model": nil, "last": nil})
		default:
			answerJSON(w, 200, []any{})
		}
	})
	ctx := t.Context()
	for want, do := range map[string]func() error{
		"GET /api/v1/places?limit=3&q=S%C3%A3o+Lu%C3%ADs+%26": func() error { _, err := d.Places(ctx, "São Luís &", 3); return err },
		"GET /api/v1/places?q=a":                              func() error { _, err := d.Places(ctx, "a", 0); return err },
		"GET /api/v1/places/near?lat=-7.125&limit=2&lon=-34.5": func() error {
			_, err := d.PlacesNear(ctx, geo.Point{Lat: -7.125, Lon: -34.5}, 2)
			return err
		},
		"GET /api/v1/models?limit=500":   func() error { _, err := d.Models(ctx); return err },
		"GET /api/v1/vehicles/me":        func() error { _, err := d.Me(ctx); return err },
		"GET /api/v1/sessions?limit=500": func() error { _, err := d.Sessions(ctx); return err },
		"DELETE /api/v1/sessions/a%2Fb":  func() error { return d.EndSession(ctx, "a/b") },
	} {
		if err := do(); err != nil || last != want {
			t.Errorf("asked %s, want %s; %v", last, want, err)
		}
	}
}
