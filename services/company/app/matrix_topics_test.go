package app

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// access says who may read a topic, and write on it: a vehicle its own alone.
type access struct{ reads, writes string }

// topics says for every address of asyncapi.yaml whom it is for; a new one is one line
// here, and fails by its name until then. Below are filters that reach several.
var topics = map[string]access{
	"ev/{vehicle_id}/telemetry":            {asVehicle, asVehicle},
	"ev/{vehicle_id}/request/{action}":     {asVehicle, asVehicle},
	"ev/{vehicle_id}/reply/{request_id}":   {reads: asVehicle},
	"ev/{vehicle_id}/trips/{trip_id}":      {reads: asVehicle},
	"ev/{vehicle_id}/alerts":               {reads: asVehicle},
	"company/{company_id}/status":          {reads: asPeer},
	"company/{company_id}/evses/{evse_id}": {reads: asPeer},
}

var filters = map[string]string{
	carlink.VehicleFilter("{vehicle_id}"): asVehicle, carlink.PeerFilter: asPeer, "$SYS/#": asOperator,
	carlink.TelemetryFilter: "", carlink.RequestFilter: "", carlink.TripsFilter: "", carlink.AlertsFilter: "",
	"#": "", "ev/#": "", "+/+/status": "", "$share/all/ev/#": "", "$share/all/company/#": "",
}

var addressRE = regexp.MustCompile(`(?m)^ +address: (\S+)$`)

// addresses are those of the contract.
func addresses() []string {
	var all []string
	for _, found := range addressRE.FindAllStringSubmatch(string(carlink.Spec), -1) {
		all = append(all, found[1])
	}
	slices.Sort(all)
	return all
}

// topicsOf are the topics of an address, about a vehicle: several where it has actions.
func topicsOf(address string, vehicle charging.VehicleID) []string {
	whole := strings.NewReplacer("{vehicle_id}", string(vehicle), "{request_id}", "r-1", "{trip_id}", unknownTrip,
		"{company_id}", "SER", "{evse_id}", "BR*SER*E0001*1").Replace(address)
	if !strings.Contains(whole, "{action}") {
		return []string{whole}
	}
	var all []string
	for _, a := range carlink.Actions() {
		all = append(all, strings.ReplaceAll(whole, "{action}", string(a)))
	}
	return all
}

// dial logs in as a caller; nil where it is refused.
func (m *matrix) dial(c caller) paho.Client {
	m.Helper()
	client := paho.NewClient(paho.NewClientOptions().AddBroker(m.ser.MQTTURL()).SetClientID("it").SetUsername(c.user).SetPassword(c.secret + c.token).
		SetConnectTimeout(10 * time.Second).SetAutoReconnect(false))
	token := client.Connect()
	if !token.WaitTimeout(20 * time.Second) {
		m.Fatalf("%s: no answer to the login", c.who)
	}
	if token.Error() != nil {
		return nil
	}
	m.Cleanup(func() { client.Disconnect(0) })
	return client
}

func (m *matrix) reads(client paho.Client, filter string) bool {
	m.Helper()
	token := client.Subscribe(filter, 0, nil)
	if !token.WaitTimeout(20 * time.Second) {
		m.Fatalf("subscribing to %s: no answer", filter)
	}
	granted := slices.Collect(maps.Values(token.(*paho.SubscribeToken).Result())) // by the filter, which the client shortens
	if len(granted) != 1 {
		m.Fatalf("subscribing to %s: %v", filter, granted)
	}
	return granted[0] < 0x80
}

// writes publishes, and reports whether it was taken: what is refused is acknowledged,
// too, and counted.
func (m *matrix) writes(client paho.Client, topic string) bool {
	m.Helper()
	before := m.ser.rooms.broker.Stats().RefusedPublishes
	if token := client.Publish(topic, 1, false, "{}"); !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		m.Fatalf("publishing on %s: %v", topic, token.Error())
	}
	return m.ser.rooms.broker.Stats().RefusedPublishes == before
}

// Every topic of the contract × every identity, to subscribe and to publish, at the
// running broker. It fails where somebody logs in who is nobody there or suspended, reads
// or writes what is another's, or cannot what is its own, and where a topic has no row.
func TestMatrixOfTopics(t *testing.T) {
	m := newMatrix(t)
	all := addresses()
	if want := slices.Sorted(maps.Keys(topics)); !slices.Equal(all, want) {
		t.Errorf("in asyncapi.yaml:\n%s\nin the matrix:\n%s", strings.Join(all, "\n"), strings.Join(want, "\n"))
	}
	columns := m.callers()
	m.suspend()
	for _, c := range columns {
		if c.other != "" {
			continue // has no form over MQTT
		}
		client := m.dial(c)
		if in := c.is != asWrong && c.is != asNobody && !c.barred; in != (client != nil) {
			t.Errorf("%s: logged in %v, want %v", c.who, client != nil, in)
		}
		if client == nil {
			continue
		}
		for _, vehicle := range []charging.VehicleID{charging.VehicleID(c.user), "EV-0002"} {
			for _, address := range all {
				m.judgeTopic(c, client, address, vehicle)
			}
			for filter, who := range filters {
				filter = strings.ReplaceAll(filter, "{vehicle_id}", string(vehicle))
				if want := may(c, who, vehicle); m.reads(client, filter) != want {
					t.Errorf("%s subscribes to %s: %v, want %v", c.who, filter, !want, want)
				}
			}
		}
		client.Disconnect(0)
	}
}

// may reports whether what is for some kind of caller, about a vehicle, is for c.
func may(c caller, kind string, vehicle charging.VehicleID) bool {
	return c.is == kind && (kind != asVehicle || string(vehicle) == c.user)
}

func (m *matrix) judgeTopic(c caller, client paho.Client, address string, vehicle charging.VehicleID) {
	m.Helper()
	for _, topic := range topicsOf(address, vehicle) {
		if want := may(c, topics[address].reads, vehicle); m.reads(client, topic) != want {
			m.Errorf("%s subscribes to %s: %v, want %v", c.who, topic, !want, want)
		}
		if want := may(c, topics[address].writes, vehicle); m.writes(client, topic) != want {
			m.Errorf("%s publishes on %s: %v, want %v", c.who, topic, !want, want)
		}
	}
}
