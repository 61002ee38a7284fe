package httpapi

import (
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api"
)

func TestOutOfServiceAndBack(t *testing.T) {
	w := newWorld(t)
	path := "/api/v1/evses/" + string(evseID) + "/status"
	for _, c := range []struct{ body, reason string }{
		{`{"status":"OUTOFORDER"}`, api.ReasonBrokenCharger},
		{`{"status":"OUTOFORDER","reason":"POWER_OUTAGE"}`, api.ReasonPowerOutage},
		{`{"status":"AVAILABLE"}`, ""},
	} {
		rec := w.ask("PUT", path, asOperator, c.body)
		if got := decode[api.EVSEStatusRequest](t, rec); rec.Code != 200 || w.desk.out[evseID] != c.reason || got.Reason != c.reason {
			t.Errorf("%s: %d, out of service for %q, said %q", c.body, rec.Code, w.desk.out[evseID], got.Reason)
		}
	}
	if log := w.log.String(); strings.Count(log, `"audit"`) != 3 || !strings.Contains(log, string(evseID)) {
		t.Errorf("audit: %s", log)
	}
}

func TestResolveIsAudited(t *testing.T) {
	w := newWorld(t)
	rec := w.ask("POST", "/api/v1/trips/"+string(tripID)+"/resolve", asOperator, `{"leg":1,"reason":"SER is gone for ever"}`)
	if rec.Code != 200 || strings.Join(w.front.calls, " ") != "resolve: SER is gone for ever" || !strings.Contains(w.log.String(), "SER is gone for ever") {
		t.Errorf("%d %v %s", rec.Code, w.front.calls, w.log.String())
	}
	if strings.Contains(rec.Body.String(), "a.secret.ticket") {
		t.Error("the ticket has left the company")
	}
}

func TestRevokeIsAudited(t *testing.T) {
	const path = "/api/v1/vehicles/EV-0001/revoke"
	for as, by := range map[string]string{asOperator: "by the operator's word", asCar: `"vehicle":"EV-0001"`} {
		w := newWorld(t)
		rec := w.ask("POST", path, as, `{"reason":"stolen in Recife"}`)
		got := decode[api.RegisterResponse](t, rec)
		if rec.Code != 200 || got != (api.RegisterResponse{VehicleID: "EV-0001", Secret: "n3w"}) || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s %v", as, rec.Code, rec.Body, rec.Header())
		}
		if log := w.log.String(); !strings.Contains(log, "stolen in Recife") || !strings.Contains(log, by) || strings.Contains(log, "n3w") {
			t.Errorf("%s: audit: %s", as, log)
		}
		if rec := w.ask("POST", path, as, `{}`); code(rec) != "INVALID_FIELD" {
			t.Errorf("%s without a reason: %d %s", as, rec.Code, rec.Body)
		}
	}
}

// The faults: a suspension that is not audited, without a reason, or of nobody.
func TestSuspendAndResume(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/peers/SER/suspend"
	rec := w.ask("POST", path, asOperator, `{"reason":"stamps of 1970"}`)
	if got := decode[api.Suspension](t, rec); got != (api.Suspension{CompanyID: "SER", Suspended: true, Since: now, Reason: "stamps of 1970", Released: 14}) {
		t.Errorf("%d %+v", rec.Code, got)
	}
	if got := decode[api.Suspension](t, w.ask("POST", "/api/v1/peers/SER/resume", asOperator, "")); got.Suspended || got.Reason != "" {
		t.Errorf("resumed: %+v", got)
	}
	if log := w.log.String(); !strings.Contains(log, "stamps of 1970") || !strings.Contains(log, "suspend a peer") || !strings.Contains(log, "resume a peer") {
		t.Errorf("audit: %s", log)
	}
	for _, body := range []string{`{}`, `{"reason":""}`, `{"reason":"  "}`, `{"reason":"two\nlines"}`} {
		if rec := w.ask("POST", path, asOperator, body); code(rec) != "INVALID_FIELD" {
			t.Errorf("%s: %d %s", body, rec.Code, rec.Body)
		}
	}
	for _, route := range []string{"/api/v1/peers/MAR/suspend", "/api/v1/peers/XYZ/resume"} {
		if rec := w.ask("POST", route, asOperator, `{"reason":"x"}`); code(rec) != "INVALID_FIELD" {
			t.Errorf("%s: %d %s", route, rec.Code, rec.Body)
		}
	}
	if rec := w.ask("POST", path, asCar, `{"reason":"x"}`); rec.Code != 403 {
		t.Errorf("as a car: %d", rec.Code)
	}
}

// A token is made for a peer, and for nobody else.
func TestPeerTokens(t *testing.T) {
	w := newWorld(t)
	if rec := w.ask("POST", "/api/v1/peers/SER/token", asOperator, ""); rec.Code != 200 || !strings.Contains(rec.Body.String(), "made for SER") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	for path, want := range map[string]int{"/api/v1/peers/MAR/token": 422, "/api/v1/peers/XYZ/token": 422, "/api/v1/peers/ser/token": 422} {
		if rec := w.ask("POST", path, asOperator, ""); rec.Code != want {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}
	if rec := w.ask("POST", "/api/v1/peers/SER/token", asCar, ""); rec.Code != 403 {
		t.Errorf("as a car: %d", rec.Code)
	}
}
