package httpapi

import (
	"strings"
	"testing"
)

// The operator reads who took a window, the vehicle that it was lost, and nobody else
// anything. It fails where a vehicle is shown another's trip.
func TestAVehiclesHistoryHasNobodyElse(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/reservations/" + string(rsvID) + "/history"
	for as, shown := range map[string]bool{asOperator: true, asCar: false} {
		rec := w.ask("GET", path, as, "")
		if rec.Code != 200 || strings.Contains(rec.Body.String(), string(otherID)) != shown || strings.Contains(rec.Body.String(), "CAJ-1") != shown ||
			!strings.Contains(rec.Body.String(), `"step":"preempt"`) {
			t.Errorf("%s: %d %s", as, rec.Code, rec.Body)
		}
	}
	if rec := w.ask("GET", path, asOtherCar, ""); code(rec) != "FORBIDDEN" {
		t.Errorf("another vehicle: %d %s", rec.Code, rec.Body)
	}
}
