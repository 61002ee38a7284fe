package carlink

import (
	"encoding/json"
	"fmt"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Envelope is a request taken apart: who it is, which trip it is about, and the
// REST body that is left, so that REST and MQTT are judged alike.
type Envelope struct {
	RequestID RequestID
	// TripID where REST has it in the path: decision, cancel, swap.
	TripID charging.TripID
	// Body is the REST body: the payload without the two above.
	Body json.RawMessage
}

// ParseEnvelope reads a request. When only something else than the request id
// is wrong, the Envelope still carries it, so that the car can be answered.
// TOO_LARGE, MALFORMED_REQUEST, INVALID_FIELD.
func ParseEnvelope(a Action, payload []byte) (Envelope, error) {
	if len(payload) > MaxPayload {
		return Envelope{}, charging.Refuse(charging.CodeTooLarge, fmt.Sprintf("a payload of %d bytes; at most %d", len(payload), MaxPayload))
	}
	var body map[string]json.RawMessage
	if err := decode(payload, &body); err != nil {
		return Envelope{}, err
	}
	var e Envelope
	if err := take(body, "request_id", &e.RequestID); err != nil {
		return Envelope{}, err
	}
	if err := e.RequestID.Validate(); err != nil {
		return Envelope{}, err
	}
	if a.names() {
		if err := take(body, "trip_id", &e.TripID); err != nil {
			return e, err
		}
		if err := e.TripID.Validate(); err != nil {
			return e, err
		}
	}
	rest, err := json.Marshal(body)
	if err != nil {
		return e, Malformed(err)
	}
	e.Body = rest
	return e, nil
}

// Encode puts an Envelope together again: the payload of a request. The body
// must be a JSON object or empty.
func (e Envelope) Encode() ([]byte, error) {
	body := map[string]json.RawMessage{}
	if len(e.Body) > 0 {
		if err := json.Unmarshal(e.Body, &body); err != nil {
			return nil, fmt.Errorf("body of request %s: %w", e.RequestID, err)
		}
		if body == nil {
			return nil, fmt.Errorf("body of request %s: null is no object", e.RequestID)
		}
	}
	put := func(name, value string) {
		body[name], _ = json.Marshal(value) // a string always has a JSON form
	}
	put("request_id", string(e.RequestID))
	if e.TripID != "" {
		put("trip_id", string(e.TripID))
	}
	return json.Marshal(body)
}

// names reports whether the action is about a trip that REST names in the path.
func (a Action) names() bool {
	return a == ActionDecision || a == ActionCancel || a == ActionSwap
}

// take moves a string member out of the body.
func take[T ~string](body map[string]json.RawMessage, name string, into *T) error {
	raw, ok := body[name]
	if !ok {
		return charging.Invalid(name, "is missing")
	}
	delete(body, name)
	if err := json.Unmarshal(raw, into); err != nil {
		return charging.Invalid(name, "must be a string")
	}
	return nil
}
