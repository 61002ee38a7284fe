package carlink_test

import (
	"encoding/json"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

func FuzzParseTopic(f *testing.F) {
	f.Add(carlink.TripTopic(vehicle, tripID))
	f.Add(carlink.EVSETopic("MAR", evse))
	f.Fuzz(func(t *testing.T, topic string) {
		got, err := carlink.ParseTopic(topic)
		if err != nil {
			if charging.CodeOf(err) != charging.CodeInvalidField {
				t.Fatalf("%q: %v is no refusal", topic, err)
			}
			return
		}
		if got.String() != topic {
			t.Fatalf("%q builds %q", topic, got)
		}
	})
}

func FuzzParseTelemetry(f *testing.F) {
	f.Add([]byte(goodTelemetry))
	f.Fuzz(func(t *testing.T, payload []byte) {
		got, err := carlink.ParseTelemetry(payload)
		if err != nil {
			if charging.CodeOf(err) == "" {
				t.Fatalf("%q: %v is no refusal", payload, err)
			}
			return
		}
		back, err := json.Marshal(got)
		if err != nil {
			t.Fatalf("%+v: %v", got, err)
		}
		if again, err := carlink.ParseTelemetry(back); err != nil || again != got {
			t.Fatalf("%s: %+v, %v", back, again, err)
		}
	})
}

func FuzzParseEnvelope(f *testing.F) {
	f.Add("decision", []byte(`{"request_id":"r1","trip_id":"`+tripID+`","action":"wait"}`))
	f.Fuzz(func(t *testing.T, action string, payload []byte) {
		e, err := carlink.ParseEnvelope(carlink.Action(action), payload)
		if e.RequestID != "" && e.RequestID.Validate() != nil {
			t.Fatalf("request id %q got through", e.RequestID)
		}
		if err != nil {
			if charging.CodeOf(err) == "" {
				t.Fatalf("%q: %v is no refusal", payload, err)
			}
			return
		}
		back, err := e.Encode()
		if err != nil {
			t.Fatalf("%+v: %v", e, err)
		}
		again, err := carlink.ParseEnvelope(carlink.Action(action), back)
		if err != nil || again.RequestID != e.RequestID || again.TripID != e.TripID {
			t.Fatalf("%s: %+v, %v", back, again, err)
		}
	})
}
