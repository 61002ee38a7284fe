package carlink_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	vehicle       = "EV-0001"
	tripID        = "01890a5d-ac96-774b-bcce-b302099a8057"
	evse          = "BR*MAR*E0001*1"
	goodTelemetry = `{"at":"2026-03-01T12:00:00Z","lat":-7.1,"lon":-34.8,"soc":0.5,"speed_kmh":80,"power_kw":14.2,"discharge":"slow"}`
)

func TestTopics(t *testing.T) {
	for topic, want := range map[string]carlink.Topic{
		carlink.TelemetryTopic(vehicle):                        {Kind: carlink.KindTelemetry, Vehicle: vehicle},
		carlink.RequestTopic(vehicle, carlink.ActionPlug):      {Kind: carlink.KindRequest, Vehicle: vehicle, Action: carlink.ActionPlug},
		carlink.ReplyTopic(vehicle, "a.b-c_9"):                 {Kind: carlink.KindReply, Vehicle: vehicle, Request: "a.b-c_9"},
		carlink.TripTopic(vehicle, tripID):                     {Kind: carlink.KindTrip, Vehicle: vehicle, Trip: tripID},
		carlink.AlertsTopic(vehicle):                           {Kind: carlink.KindAlerts, Vehicle: vehicle},
		carlink.StatusTopic("MAR"):                             {Kind: carlink.KindStatus, Company: "MAR"},
		carlink.EVSETopic("MAR", evse):                         {Kind: carlink.KindEVSE, Company: "MAR", EVSE: evse},
		"ev/" + strings.Repeat("v", 64) + "/telemetry":         {Kind: carlink.KindTelemetry, Vehicle: charging.VehicleID(strings.Repeat("v", 64))},
		"ev/" + vehicle + "/reply/" + strings.Repeat("r", 128): {Kind: carlink.KindReply, Vehicle: vehicle, Request: carlink.RequestID(strings.Repeat("r", 128))},
	} {
		got, err := carlink.ParseTopic(topic)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", topic, got, err)
		}
		if got.String() != topic {
			t.Errorf("%s builds %s", topic, got)
		}
		if fromCar := want.Kind == carlink.KindTelemetry || want.Kind == carlink.KindRequest; got.FromCar() != fromCar {
			t.Errorf("%s: FromCar = %v", topic, got.FromCar())
		}
	}
	if s := (carlink.Topic{}).String(); s != "" {
		t.Errorf("the empty topic builds %q", s)
	}
}

func TestTopicsRefused(t *testing.T) {
	for _, topic := range []string{
		"", "/", "ev", "ev/", "ev//telemetry", "EV/EV-0001/telemetry", "/ev/EV-0001/telemetry", "ev/EV-0001", "ev/EV-0001/",
		"ev/EV-0001/telemetry/", "ev/EV-0001/telemetry/x", "ev/ab/telemetry", "ev/+/telemetry", "ev/#", "ev/EV-0001/#",
		"ev/EV-0001/request", "ev/EV-0001/request/", "ev/EV-0001/request/fly", "ev/EV-0001/request/plan/", "ev/EV-0001/request/plan/x",
		"ev/EV-0001/reply", "ev/EV-0001/reply/", "ev/EV-0001/reply/a/b", "ev/EV-0001/reply/a b", "ev/EV-0001/reply/a\n",
		"ev/EV-0001/reply/" + strings.Repeat("r", 129), "ev/EV-0001/trips/1", "ev/EV-0001/trips/" + tripID + "/x", "ev/EV-0001/alerts/x",
		"ev/" + strings.Repeat("v", 10000) + "/telemetry", "ev/EV\n0001/telemetry", "ev/{EV-0001}/telemetry",
		"company/MAR", "company/mar/status", "company/MAR/status/", "company/MAR/evses/", "company/MAR/evses/x",
		"company/SER/evses/" + evse, "company/MAR/evses/" + evse + "/x", "company/#", "$SYS/broker/version", "$share/g/ev/EV-0001/telemetry",
	} {
		got, err := carlink.ParseTopic(topic)
		if !errors.Is(err, charging.CodeInvalidField) {
			t.Errorf("%.80q: %+v, %v", topic, got, err)
			continue
		}
		if len(err.Error()) > 300 {
			t.Errorf("%.80q: a refusal of %d characters", topic, len(err.Error()))
		}
	}
}

func TestTelemetry(t *testing.T) {
	got, err := carlink.ParseTelemetry([]byte(goodTelemetry))
	if err != nil {
		t.Fatal(err)
	}
	back, err := json.Marshal(got)
	if err != nil || string(back) != goodTelemetry {
		t.Errorf("%s, %v", back, err)
	}
	newer := strings.Replace(goodTelemetry, `{`, `{"odometer":1,`, 1)
	if _, err := carlink.ParseTelemetry([]byte(newer)); err != nil {
		t.Errorf("a field of a newer car: %v", err)
	}
}

func TestTelemetryRefused(t *testing.T) {
	with := func(old, new string) string { return strings.Replace(goodTelemetry, old, new, 1) }
	for name, c := range map[string]struct {
		payload string
		code    charging.Code
		field   string
	}{
		"empty":        {"", charging.CodeMalformedRequest, ""},
		"null":         {"null", charging.CodeInvalidField, "at"},
		"array":        {"[]", charging.CodeMalformedRequest, ""},
		"cut":          {goodTelemetry[:40], charging.CodeMalformedRequest, ""},
		"two values":   {goodTelemetry + "{}", charging.CodeMalformedRequest, ""},
		"long":         {goodTelemetry + strings.Repeat(" ", 5000), charging.CodeTooLarge, ""},
		"missing":      {with(`"soc":0.5,`, ``), charging.CodeInvalidField, "soc"},
		"null field":   {with(`"lat":-7.1`, `"lat":null`), charging.CodeInvalidField, "lat"},
		"wrong type":   {with(`0.5`, `"half"`), charging.CodeInvalidField, "soc"},
		"lat":          {with(`-7.1`, `-90.5`), charging.CodeInvalidField, "lat"},
		"lon":          {with(`-34.8`, `181`), charging.CodeInvalidField, "lon"},
		"soc":          {with(`0.5`, `1.01`), charging.CodeInvalidField, "soc"},
		"speed":        {with(`:80`, `:-1`), charging.CodeInvalidField, "speed_kmh"},
		"power":        {with(`14.2`, `1e300`), charging.CodeInvalidField, "power_kw"},
		"huge number":  {with(`14.2`, `1e999`), charging.CodeInvalidField, "power_kw"},
		"discharge":    {with(`slow`, `leaky`), charging.CodeInvalidField, "discharge"},
		"instant":      {with(`2026-03-01T12:00:00Z`, `yesterday`), charging.CodeInvalidField, "at"},
		"zero instant": {with(`2026-03-01T12:00:00Z`, `0001-01-01T00:00:00Z`), charging.CodeInvalidField, "at"},
	} {
		_, err := carlink.ParseTelemetry([]byte(c.payload))
		var r *charging.Refusal
		if !errors.As(err, &r) || r.Code != c.code {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.field != "" && (len(r.Fields) == 0 || r.Fields[0].Field != c.field) {
			t.Errorf("%s: names %v, want %s", name, r.Fields, c.field)
		}
	}
}

func TestEnvelope(t *testing.T) {
	payload := `{"request_id":"r1","trip_id":"` + tripID + `","action":"give_up"}`
	e, err := carlink.ParseEnvelope(carlink.ActionDecision, []byte(payload))
	if err != nil || e.RequestID != "r1" || e.TripID != tripID || string(e.Body) != `{"action":"give_up"}` {
		t.Fatalf("%+v, %v", e, err)
	}
	back, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := carlink.ParseEnvelope(carlink.ActionDecision, back)
	if err != nil || again.RequestID != e.RequestID || again.TripID != e.TripID || string(again.Body) != string(e.Body) {
		t.Errorf("%+v, %v", again, err)
	}
	// Where REST has no trip in the path, it stays in the body for REST's
	// decoder to refuse.
	e, err = carlink.ParseEnvelope(carlink.ActionTrip, []byte(payload))
	if err != nil || e.TripID != "" || !strings.Contains(string(e.Body), "trip_id") {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := (carlink.Envelope{RequestID: "r", Body: json.RawMessage(`[]`)}).Encode(); err == nil {
		t.Error("a body that is no object was encoded")
	}
	if _, err := (carlink.Envelope{RequestID: "r", Body: json.RawMessage(`null`)}).Encode(); err == nil {
		t.Error("a null body was encoded")
	}
}

func TestEnvelopeRefused(t *testing.T) {
	for name, c := range map[string]struct {
		action   carlink.Action
		payload  string
		code     charging.Code
		answered bool // the request id is known all the same
	}{
		"empty":         {carlink.ActionPlan, ``, charging.CodeMalformedRequest, false},
		"null":          {carlink.ActionPlan, `null`, charging.CodeInvalidField, false},
		"array":         {carlink.ActionPlan, `[]`, charging.CodeMalformedRequest, false},
		"no id":         {carlink.ActionPlan, `{}`, charging.CodeInvalidField, false},
		"number id":     {carlink.ActionPlan, `{"request_id":1}`, charging.CodeInvalidField, false},
		"id with slash": {carlink.ActionPlan, `{"request_id":"a/b"}`, charging.CodeInvalidField, false},
		"id with plus":  {carlink.ActionPlan, `{"request_id":"+"}`, charging.CodeInvalidField, false},
		"empty id":      {carlink.ActionPlan, `{"request_id":""}`, charging.CodeInvalidField, false},
		"long id":       {carlink.ActionPlan, `{"request_id":"` + strings.Repeat("x", 10000) + `"}`, charging.CodeInvalidField, false},
		"trailing":      {carlink.ActionPlan, `{"request_id":"a"} x`, charging.CodeMalformedRequest, false},
		"no trip":       {carlink.ActionCancel, `{"request_id":"a"}`, charging.CodeInvalidField, true},
		"bad trip":      {carlink.ActionSwap, `{"request_id":"a","trip_id":"b"}`, charging.CodeInvalidField, true},
		"too long":      {carlink.ActionPlan, strings.Repeat(" ", carlink.MaxPayload+1), charging.CodeTooLarge, false},
	} {
		e, err := carlink.ParseEnvelope(c.action, []byte(c.payload))
		if charging.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
		if (e.RequestID == "a") != c.answered {
			t.Errorf("%s: request id %q", name, e.RequestID)
		}
	}
}

func TestPlug(t *testing.T) {
	p, err := carlink.ParsePlug([]byte(`{"evse_id":"` + evse + `","soc":0.2}`))
	if err != nil || p.EVSEID != evse || p.SoC != 0.2 {
		t.Errorf("%+v, %v", p, err)
	}
	for _, bad := range []string{
		`{}`, `{"evse_id":"` + evse + `"}`, `{"evse_id":"` + evse + `","soc":2}`, `{"evse_id":"x","soc":0}`,
		`{"evse_id":"` + evse + `","soc":0,"colour":1}`, `{"evse_id":7,"soc":0}`,
	} {
		if _, err := carlink.ParsePlug([]byte(bad)); !errors.Is(err, charging.CodeInvalidField) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestReplyAndChange(t *testing.T) {
	if r, err := carlink.ParseReply([]byte(`{"status":201,"body":{"a":1}}`)); err != nil || r.Status != 201 || string(r.Body) != `{"a":1}` {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := carlink.ParseReply([]byte(`{"status":0}`)); !errors.Is(err, charging.CodeInvalidField) {
		t.Errorf("status 0: %v", err)
	}
	if c, err := carlink.ParseChange([]byte(`{"at":"2026-03-01T12:00:00Z","evse_id":"` + evse + `","state":"RESERVED","new":1}`)); err != nil || c.State != charging.Reserved {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := carlink.ParseChange([]byte(`{"evse_id":"#"}`)); !errors.Is(err, charging.CodeInvalidField) {
		t.Errorf("an EVSE id with #: %v", err)
	}
	for _, what := range []string{`"status":"\u001b[31mWEIRD"`, `"state":"WEIRD"`} {
		if _, err := carlink.ParseChange([]byte(`{"evse_id":"` + evse + `",` + what + `}`)); !errors.Is(err, charging.CodeInvalidField) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestPlugsSayWhen: in UTC; a plug without it happened now.
func TestPlugsSayWhen(t *testing.T) {
	body := func(at string) []byte { return []byte(`{"evse_id":"` + evse + `","soc":0.2` + at + `}`) }
	want := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if p, err := carlink.ParsePlug(body(`,"at":"2026-03-01T09:00:00-03:00"`)); err != nil || p.At != want {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := carlink.ParsePlug(body("")); err != nil || !p.At.IsZero() {
		t.Errorf("%+v, %v", p, err)
	}
	for _, bad := range []string{`,"at":"noon"`, `,"at":7`} {
		var r *charging.Refusal
		if _, err := carlink.ParsePlug(body(bad)); !errors.As(err, &r) || r.Code != charging.CodeInvalidField || r.Fields[0].Field != "at" {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
