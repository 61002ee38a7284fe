package broker

import (
	"strings"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// maxClientID bounds what a client may call itself, in bytes.
const maxClientID = 128

// session is the server's name for a client: its principal and the client id it
// chose. So two principals never share a session, whatever ids they choose, and
// whoever looks at the name knows whose it is. Neither a vehicle id nor a party
// id contains a slash.
func (p Principal) session(clientID string) string {
	switch {
	case p.Vehicle != "":
		return "ev/" + string(p.Vehicle) + "/" + clientID
	case p.Operator:
		return "operator//" + clientID
	}
	return "company/" + string(p.Company) + "/" + clientID
}

// valid reports whether p is one of the three.
func (p Principal) valid() bool {
	n := 0
	for _, is := range []bool{p.Vehicle != "", p.Company != "", p.Operator} {
		if is {
			n++
		}
	}
	return n == 1
}

// principalOf is the inverse of session; ok is false for the server's own
// client.
func principalOf(session string) (p Principal, clientID string, ok bool) {
	kind, rest, _ := strings.Cut(session, "/")
	id, clientID, ok := strings.Cut(rest, "/")
	switch {
	case !ok:
		return Principal{}, "", false
	case kind == "ev":
		return Principal{Vehicle: charging.VehicleID(id)}, clientID, true
	case kind == "company":
		return Principal{Company: charging.CompanyID(id)}, clientID, true
	case kind == "operator":
		return Principal{Operator: true}, clientID, true
	}
	return Principal{}, "", false
}

// mayRead reports whether p may subscribe to a filter, or get a message on a
// topic: a car all below ev/ITS_ID, a peer all below company, an operator all
// below $SYS. A prefix without wildcards bounds whatever follows it, and shared
// subscriptions ($share/…) have another prefix.
func (p Principal) mayRead(filter string) bool {
	switch {
	case p.Vehicle != "":
		return strings.HasPrefix(filter, strings.TrimSuffix(carlink.VehicleFilter(p.Vehicle), "#"))
	case p.Company != "":
		return strings.HasPrefix(filter, strings.TrimSuffix(carlink.PeerFilter, "#"))
	case p.Operator:
		return strings.HasPrefix(filter, "$SYS/")
	}
	return false
}

// mayWrite takes the topic apart and reports whether p may publish on it: a car
// its telemetry and its requests, nobody anything else.
func (p Principal) mayWrite(topic string) (carlink.Topic, bool) {
	t, err := carlink.ParseTopic(topic)
	return t, err == nil && t.FromCar() && p.Vehicle != "" && t.Vehicle == p.Vehicle
}
