package carlink_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/eletrovia/eletrovia/pkg/carlink"
)

type spec struct {
	AsyncAPI string
	Channels map[string]struct {
		Address    string
		Parameters map[string]any
	}
	Operations map[string]struct {
		Action   string
		Channel  map[string]string
		Bindings struct{ MQTT struct{ QoS int } }
	}
	Components struct {
		Parameters map[string]struct{ Enum []string }
		Schemas    map[string]struct {
			Required   []string
			Properties map[string]any
		}
	}
}

func load(t *testing.T) spec {
	t.Helper()
	var s spec
	if err := yaml.Unmarshal(carlink.Spec, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// example has a value for every parameter of an address, so that an address
// becomes a topic that the parser must accept and build again.
var example = map[string]string{
	"vehicle_id": vehicle, "request_id": "r-1", "trip_id": tripID, "company_id": "MAR", "evse_id": evse, "action": "plan",
}

func TestSpecAddressesAreTheBuilders(t *testing.T) {
	s := load(t)
	if s.AsyncAPI != "3.0.0" {
		t.Errorf("asyncapi = %q", s.AsyncAPI)
	}
	parameter := regexp.MustCompile(`\{(\w+)\}`)
	seen := map[carlink.Kind]bool{}
	for name, ch := range s.Channels {
		for _, m := range parameter.FindAllStringSubmatch(ch.Address, -1) {
			if _, ok := ch.Parameters[m[1]]; !ok {
				t.Errorf("%s: parameter %s is not declared", name, m[1])
			}
		}
		topic := parameter.ReplaceAllStringFunc(ch.Address, func(p string) string { return example[strings.Trim(p, "{}")] })
		got, err := carlink.ParseTopic(topic)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if string(got.Kind) != name {
			t.Errorf("channel %s parses as %s", name, got.Kind)
		}
		seen[got.Kind] = true
	}
	for _, k := range []carlink.Kind{
		carlink.KindTelemetry, carlink.KindRequest, carlink.KindReply, carlink.KindTrip,
		carlink.KindAlerts, carlink.KindStatus, carlink.KindEVSE,
	} {
		if !seen[k] {
			t.Errorf("no channel for %s", k)
		}
	}
}

func TestSpecActions(t *testing.T) {
	var want []string
	for _, a := range carlink.Actions() {
		want = append(want, string(a))
	}
	if got := load(t).Components.Parameters["action"].Enum; !slices.Equal(got, want) {
		t.Errorf("actions %v, want %v", got, want)
	}
}

func TestSpecOperations(t *testing.T) {
	s := load(t)
	used := map[string]bool{}
	for name, op := range s.Operations {
		channel := strings.TrimPrefix(op.Channel["$ref"], "#/channels/")
		if _, ok := s.Channels[channel]; !ok {
			t.Errorf("%s: no channel %q", name, channel)
		}
		used[channel] = true
		fromCar := channel == "telemetry" || channel == "request"
		if (op.Action == "receive") != fromCar {
			t.Errorf("%s: action %s", name, op.Action)
		}
		if want := 1; channel != "telemetry" && op.Bindings.MQTT.QoS != want {
			t.Errorf("%s: QoS %d", name, op.Bindings.MQTT.QoS)
		}
	}
	for name := range s.Channels {
		if !used[name] {
			t.Errorf("no operation uses channel %s", name)
		}
	}
}

func TestSpecSchemasAreTheStructs(t *testing.T) {
	schemas := load(t).Components.Schemas
	for name, v := range map[string]any{
		"telemetry": carlink.Telemetry{}, "reply": carlink.Reply{}, "alert": carlink.Alert{}, "change": carlink.Change{},
	} {
		var want, required []string
		typ := reflect.TypeOf(v)
		for i := range typ.NumField() {
			tag := typ.Field(i).Tag.Get("json")
			field, option, _ := strings.Cut(tag, ",")
			want = append(want, field)
			if option == "" {
				required = append(required, field)
			}
		}
		var got []string
		for p := range schemas[name].Properties {
			got = append(got, p)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: properties %v, want %v", name, got, want)
		}
		if !slices.Equal(schemas[name].Required, required) {
			t.Errorf("%s: required %v, want %v", name, schemas[name].Required, required)
		}
	}
	if !json.Valid([]byte(goodTelemetry)) {
		t.Fatal("the example of the tests is no JSON")
	}
}
