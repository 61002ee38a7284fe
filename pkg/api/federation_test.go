package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	tripID = charging.TripID("0199a2b3-6c00-7abc-8def-0123456789ab")
	rsvID  = charging.ReservationID("0199a2b3-6c00-7abc-8def-0123456789ac")
)

func goodHold() charging.HoldRequest {
	return charging.HoldRequest{
		Ref: charging.Ref{
			ID: rsvID, TripID: tripID, Origin: "SER", EVSEID: "BR*MAR*E0001*1",
			End: now.Add(2 * time.Hour), Epoch: 3, Owner: "ser-1/42",
		},
		Leg: 2, Start: now.Add(time.Hour), VehicleID: "EV-0001", TTL: 1500 * time.Millisecond, Ticket: "a.b.c",
	}
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestHoldSurvivesTheWire(t *testing.T) {
	want := goodHold()
	for _, decode := range []func(charging.ReservationID, []byte) (charging.HoldRequest, error){DecodeReserve, DecodeClaim} {
		got, err := decode(rsvID, marshal(t, HoldBodyOf(want)))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
}

func TestRefSurvivesTheWire(t *testing.T) {
	want := goodHold().Ref
	got, err := DecodeRef(rsvID, marshal(t, RefBodyOf(want, 0)))
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	got, ttl, err := DecodeRenew(rsvID, marshal(t, RefBodyOf(want, 7*time.Second)))
	if err != nil || got != want || ttl != 7*time.Second {
		t.Errorf("got %+v, %s, %v", got, ttl, err)
	}
}

func TestHoldDefaultsAndTolerance(t *testing.T) {
	var body map[string]any
	if err := json.Unmarshal(marshal(t, HoldBodyOf(goodHold())), &body); err != nil {
		t.Fatal(err)
	}
	delete(body, "epoch")
	delete(body, "owner")
	delete(body, "ticket")
	body["colour"] = []int{1}
	body["ttl_seconds"] = 99999
	h, err := DecodeReserve(rsvID, marshal(t, body))
	if err != nil || h.Epoch != 1 || h.Owner != "" || h.Ticket != "" || h.TTL != charging.MaxHold {
		t.Errorf("got %+v, %v", h, err)
	}
	_, err = DecodeClaim(rsvID, marshal(t, body))
	wants(t, err, charging.CodeInvalidField, "ticket")
}

func TestHoldRefuses(t *testing.T) {
	for _, c := range []struct {
		field string
		value any
		code  charging.Code
	}{
		{"trip_id", nil, charging.CodeInvalidField},
		{"trip_id", "", charging.CodeInvalidField},
		{"trip_id", "{x}", charging.CodeInvalidField},
		{"trip_id", strings.ToUpper(string(tripID)), charging.CodeInvalidField},
		{"origin", nil, charging.CodeInvalidField},
		{"origin", "mar", charging.CodeInvalidField},
		{"evse_id", nil, charging.CodeInvalidField},
		{"evse_id", "BR*MAR*E1\n", charging.CodeInvalidField},
		{"vehicle_id", "", charging.CodeInvalidField},
		{"vehicle_id", nil, charging.CodeInvalidField},
		{"leg", 0, charging.CodeInvalidField},
		{"leg", nil, charging.CodeInvalidField},
		{"leg", 2.5, charging.CodeInvalidField},
		{"epoch", 0, charging.CodeInvalidField},
		{"epoch", "1", charging.CodeInvalidField},
		{"ttl_seconds", nil, charging.CodeInvalidField},
		{"ttl_seconds", -1, charging.CodeInvalidField},
		{"owner", strings.Repeat("o", 129), charging.CodeInvalidField},
		{"owner", "é", charging.CodeInvalidField},
		{"ticket", strings.Repeat("t", 5000), charging.CodeInvalidField},
		{"ticket", 7, charging.CodeInvalidField},
		{"start", nil, charging.CodeInvalidField},
		{"start", now.Add(3 * time.Hour), charging.CodeInvalidWindow},
		{"end", now.Add(9000 * time.Hour), charging.CodeInvalidWindow},
		{"end", now.Add(2*time.Hour + time.Millisecond), charging.CodeInvalidWindow},
	} {
		var body map[string]any
		if err := json.Unmarshal(marshal(t, HoldBodyOf(goodHold())), &body); err != nil {
			t.Fatal(err)
		}
		body[c.field] = c.value
		_, err := DecodeReserve(rsvID, marshal(t, body))
		field := c.field
		if field == "start" && c.code == charging.CodeInvalidWindow {
			field = "end"
		}
		wants(t, err, c.code, field)
	}
}

func TestAvailabilityBody(t *testing.T) {
	good := AvailabilityRequest{EVSEIDs: []charging.EVSEID{"BR*MAR*E0001*1"}, From: now, To: now.Add(time.Hour)}
	got, err := DecodeAvailability(marshal(t, good))
	if err != nil || !reflect.DeepEqual(got, good) {
		t.Errorf("got %+v, %v", got, err)
	}
	for body, field := range map[string]string{
		`{"from":"2026-11-23T12:00:00Z","to":"2026-11-23T13:00:00Z"}`:                  "evse_ids",
		`{"evse_ids":["x"],"from":"2026-11-23T12:00:00Z","to":"2026-11-23T13:00:00Z"}`: "evse_ids[0]",
		`{"evse_ids":[7],"from":"2026-11-23T12:00:00Z","to":"2026-11-23T13:00:00Z"}`:   "evse_ids[0]",
		`{"evse_ids":[],"from":"2026-11-23T12:00:00Z"}`:                                "to",
	} {
		_, err := DecodeAvailability([]byte(body))
		wants(t, err, charging.CodeInvalidField, field)
	}
	for _, to := range []time.Time{now, now.Add(-time.Hour), now.Add(800 * time.Hour)} {
		good.To = to
		_, err := DecodeAvailability(marshal(t, good))
		wants(t, err, charging.CodeInvalidWindow, "to")
	}
}

func TestQuestions(t *testing.T) {
	about := []charging.Question{{TripID: tripID, ReservationID: rsvID}, {TripID: tripID, ReservationID: rsvID}}
	if got, err := DecodeOutcomes(marshal(t, OutcomesRequestOf(about))); err != nil || !reflect.DeepEqual(got, about) {
		t.Errorf("got %+v, %v", got, err)
	}
	ok := `{"trip_id":"` + string(tripID) + `","reservation_id":"` + string(rsvID) + `"}`
	for body, field := range map[string]string{
		`{}`:                           "questions",
		`{"questions":7}`:              "questions",
		`{"questions":[` + ok + `,7]}`: "questions[1]",
		`{"questions":[` + ok + `,{"trip_id":"` + string(tripID) + `"}]}`:          "questions[1].reservation_id",
		`{"questions":[{"trip_id":"x","reservation_id":"` + string(rsvID) + `"}]}`: "questions[0].trip_id",
		`{"questions":[` + strings.Repeat(ok+",", MaxQuestions) + ok + `]}`:        "questions",
	} {
		_, err := DecodeOutcomes([]byte(body))
		wants(t, err, charging.CodeInvalidField, field)
	}
}

func TestNotices(t *testing.T) {
	body := `{"reservation_id":"` + string(rsvID) + `","leg":2,"by":"` + string(tripID) + `","state":"NO_SHOW","reason":"x"}`
	n, err := DecodePreempted(tripID, []byte(body))
	if want := (charging.Notice{TripID: tripID, ReservationID: rsvID, Leg: 2, State: charging.Preempted, By: tripID}); err != nil || n != want {
		t.Errorf("got %+v, %v", n, err)
	}
	n, err = DecodeChanged(tripID, []byte(body))
	if want := (charging.Notice{TripID: tripID, ReservationID: rsvID, Leg: 2, State: charging.NoShow, Reason: "x"}); err != nil || n != want {
		t.Errorf("got %+v, %v", n, err)
	}
	_, err = DecodeChanged(tripID, []byte(strings.Replace(body, "NO_SHOW", "PENDING", 1)))
	wants(t, err, charging.CodeInvalidField, "state")
	_, err = DecodePreempted(tripID, []byte(strings.Replace(body, string(tripID), "x", 1)))
	wants(t, err, charging.CodeInvalidField, "by")
	_, err = DecodeChanged(tripID, []byte(`{}`))
	wants(t, err, charging.CodeInvalidField, "reservation_id")
}
