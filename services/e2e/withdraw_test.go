package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// TestAnEVSEGoesOutOfService: the booked trip stays CONFIRMED, asks about that
// stop alone, and takes one beside it; the others are not touched.
func TestAnEVSEGoesOutOfService(t *testing.T) {
	f := start(t)
	d := f.as(vehicle(1)).at("SER")
	var plans struct {
		Plans []trip.Plan `json:"plans"`
	}
	if _, p := d.send(http.MethodPost, "/api/v1/plans", map[string]any{
		"origin": map[string]string{"city": "João Pessoa, PB"}, "destination": map[string]string{"city": "Feira de Santana, BA"},
		"vehicle": map[string]string{"model": "byd-dolphin"}, "soc": 0.9, "departure": hour(0).Format(time.RFC3339),
	}, &plans); p.Code != "" {
		t.Fatalf("%+v", p)
	}
	var got trip.Trip
	d.with("Prefer", "wait=20").send(http.MethodPost, "/api/v1/trips",
		map[string]any{"vehicle_id": d.user, "plan_id": plans.Plans[0].ID, "on_conflict": "ask"}, &got)
	if got.State != trip.Confirmed {
		t.Fatalf("%s %+v", got.State, got.Problem)
	}
	lost := got.Legs[0]
	status := "/api/v1/evses/" + string(lost.EVSEID) + "/status"
	if resp, p := f.as("operator").at(lost.CompanyID).send(http.MethodPut, status,
		map[string]string{"status": "OUTOFORDER", "reason": "BROKEN_CHARGER"}, nil); resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %+v", resp.StatusCode, p)
	}
	path := "/api/v1/trips/" + string(got.ID)
	f.until(10*time.Second, "the trip asks about its lost stop", func() bool {
		d.get(path, &got)
		return got.Decision != nil
	})
	if got.State != trip.Confirmed || got.Decision.Leg != 1 || got.Legs[0].State != charging.Canceled || len(got.Decision.Alternatives) == 0 {
		t.Fatalf("%s, leg 1 %s, decision %+v", got.State, got.Legs[0].State, got.Decision)
	}
	rest := got.Legs[1:]
	var after trip.Trip
	if resp, p := d.send(http.MethodPost, path+"/decision",
		map[string]string{"action": "continue", "alternative_id": got.Decision.Alternatives[0].ID}, &after); resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %+v", resp.StatusCode, p)
	}
	if after.State != trip.Confirmed || after.Decision != nil || after.Legs[0].State != charging.Reserved || after.Legs[0].EVSEID == lost.EVSEID {
		t.Fatalf("%s, leg 1 %s at %s, decision %+v", after.State, after.Legs[0].State, after.Legs[0].EVSEID, after.Decision)
	}
	for k, l := range rest {
		if after.Legs[k+1].ReservationID != l.ReservationID {
			t.Errorf("leg %d was touched", k+2)
		}
	}
	f.onlyConfirmedHeld()
	other, _ := f.as(vehicle(2)).at("CAJ").book(trip.Abort, stopAt{lost.EVSEID, hour(30), hour(31)})
	if other.State != trip.Aborted || other.Problem.Code != charging.CodeEVSEOutOfService {
		t.Errorf("an EVSE out of service: %s %+v", other.State, other.Problem)
	}
}
