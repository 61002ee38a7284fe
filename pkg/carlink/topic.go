package carlink

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Kind says which of the contract's topics a topic is.
type Kind string

// The kinds of topics, in the order of the package comment.
const (
	KindTelemetry Kind = "telemetry"
	KindRequest   Kind = "request"
	KindReply     Kind = "reply"
	KindTrip      Kind = "trip"
	KindAlerts    Kind = "alerts"
	KindStatus    Kind = "status"
	KindEVSE      Kind = "evse"
)

// Action is what a car asks for: the last part of a request topic.
type Action string

// The actions of a car.
const (
	ActionPlan         Action = "plan"
	ActionTrip         Action = "trip"
	ActionDecision     Action = "decision"
	ActionCancel       Action = "cancel"
	ActionSwap         Action = "swap"
	ActionAvailability Action = "availability"
	ActionPlug         Action = "plug"
	ActionUnplug       Action = "unplug"
)

// Actions lists every action, in the order of the contract.
func Actions() []Action {
	return []Action{
		ActionPlan, ActionTrip, ActionDecision, ActionCancel, ActionSwap, ActionAvailability,
		ActionPlug, ActionUnplug,
	}
}

// Valid reports whether a is one of the contract's actions.
func (a Action) Valid() bool {
	switch a {
	case ActionPlan, ActionTrip, ActionDecision, ActionCancel, ActionSwap, ActionAvailability, ActionPlug, ActionUnplug:
		return true
	}
	return false
}

// The filters of a company's server: what all cars say, and the trips and alerts
// that are retained for them.
const (
	TelemetryFilter = "ev/+/telemetry"
	RequestFilter   = "ev/+/request/+"
	TripsFilter     = "ev/+/trips/+"
	AlertsFilter    = "ev/+/alerts"
)

// PeerFilter is all that a peer company may subscribe to.
const PeerFilter = "company/#"

// RequestID names one request of one car; repeating it gets the first answer
// again. 1 to 128 of A–Z a–z 0–9 . _ -
type RequestID string

var requestRE = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// Validate answers an INVALID_FIELD refusal unless the id has that form.
func (id RequestID) Validate() error {
	if requestRE.MatchString(string(id)) {
		return nil
	}
	return charging.Invalid("request_id", fmt.Sprintf("%q is not 1 to 128 of A-Z a-z 0-9 . _ -", short(string(id))))
}

// VehicleFilter is all that a car may subscribe to: its own topics.
func VehicleFilter(v charging.VehicleID) string { return "ev/" + string(v) + "/#" }

// TelemetryTopic is where a car reports where it is and how full it is.
func TelemetryTopic(v charging.VehicleID) string { return "ev/" + string(v) + "/telemetry" }

// RequestTopic is where a car asks for something.
func RequestTopic(v charging.VehicleID, a Action) string {
	return "ev/" + string(v) + "/request/" + string(a)
}

// ReplyTopic is where the answer to one request arrives.
func ReplyTopic(v charging.VehicleID, id RequestID) string {
	return "ev/" + string(v) + "/reply/" + string(id)
}

// TripTopic is where a trip is published whenever it changes.
func TripTopic(v charging.VehicleID, id charging.TripID) string {
	return "ev/" + string(v) + "/trips/" + string(id)
}

// AlertsTopic is where a car is told what it did not ask.
func AlertsTopic(v charging.VehicleID) string { return "ev/" + string(v) + "/alerts" }

// StatusTopic says whether a company is there: Online or Offline.
func StatusTopic(c charging.CompanyID) string { return "company/" + string(c) + "/status" }

// EVSETopic is where a company tells that the calendar of one EVSE has changed.
func EVSETopic(c charging.CompanyID, id charging.EVSEID) string {
	return "company/" + string(c) + "/evses/" + string(id)
}

// Topic is a topic taken apart. Only the fields of its kind are set.
type Topic struct {
	Kind    Kind
	Vehicle charging.VehicleID
	Action  Action
	Request RequestID
	Trip    charging.TripID
	Company charging.CompanyID
	EVSE    charging.EVSEID
}

// ParseTopic takes a topic of the contract apart. What it accepts it would
// build alike: ParseTopic(t).String() == t. Anything else is an INVALID_FIELD
// refusal that names the part, or the topic as a whole.
func ParseTopic(topic string) (Topic, error) {
	head, rest, _ := strings.Cut(topic, "/")
	id, rest, _ := strings.Cut(rest, "/")
	switch head {
	case "ev":
		v := charging.VehicleID(id)
		if err := v.Validate(); err != nil {
			return Topic{}, err
		}
		return parseVehicle(v, rest, topic)
	case "company":
		c := charging.CompanyID(id)
		if err := c.Validate(); err != nil {
			return Topic{}, err
		}
		return parseCompany(c, rest, topic)
	}
	return Topic{}, unknown(topic)
}

func parseVehicle(v charging.VehicleID, rest, whole string) (Topic, error) {
	kind, id, nested := strings.Cut(rest, "/")
	switch {
	case kind == "telemetry" && !nested:
		return Topic{Kind: KindTelemetry, Vehicle: v}, nil
	case kind == "alerts" && !nested:
		return Topic{Kind: KindAlerts, Vehicle: v}, nil
	case kind == "request" && Action(id).Valid():
		return Topic{Kind: KindRequest, Vehicle: v, Action: Action(id)}, nil
	case kind == "reply" && nested:
		return Topic{Kind: KindReply, Vehicle: v, Request: RequestID(id)}, RequestID(id).Validate()
	case kind == "trips" && nested:
		return Topic{Kind: KindTrip, Vehicle: v, Trip: charging.TripID(id)}, charging.TripID(id).Validate()
	}
	return Topic{}, unknown(whole)
}

func parseCompany(c charging.CompanyID, rest, whole string) (Topic, error) {
	kind, id, nested := strings.Cut(rest, "/")
	switch {
	case kind == "status" && !nested:
		return Topic{Kind: KindStatus, Company: c}, nil
	case kind == "evses" && nested:
		e := charging.EVSEID(id)
		if err := e.Validate(); err != nil {
			return Topic{}, err
		}
		if e.Company() != c {
			return Topic{}, charging.Invalid("evse_id", string(e)+" does not belong to "+string(c))
		}
		return Topic{Kind: KindEVSE, Company: c, EVSE: e}, nil
	}
	return Topic{}, unknown(whole)
}

// String builds the topic; empty for a Topic without a kind.
func (t Topic) String() string {
	switch t.Kind {
	case KindTelemetry:
		return TelemetryTopic(t.Vehicle)
	case KindRequest:
		return RequestTopic(t.Vehicle, t.Action)
	case KindReply:
		return ReplyTopic(t.Vehicle, t.Request)
	case KindTrip:
		return TripTopic(t.Vehicle, t.Trip)
	case KindAlerts:
		return AlertsTopic(t.Vehicle)
	case KindStatus:
		return StatusTopic(t.Company)
	case KindEVSE:
		return EVSETopic(t.Company, t.EVSE)
	}
	return ""
}

// FromCar reports whether a car publishes on this topic.
func (t Topic) FromCar() bool { return t.Kind == KindTelemetry || t.Kind == KindRequest }

func unknown(topic string) error {
	return charging.Invalid("topic", fmt.Sprintf("%q is not a topic of this system", short(topic)))
}

// short cuts what a stranger sent to what fits into a message.
func short(s string) string {
	if len(s) <= 64 {
		return s
	}
	return s[:64] + "…"
}
