package broker

// Reason is why something was refused or dropped. The zero value is none.
type Reason int

// The reasons.
const (
	_ Reason = iota
	// LoginSecret: user name and password do not match, or belong to somebody
	// who has no business here.
	LoginSecret
	// LoginForm: another version of MQTT, or a client id that is too long.
	LoginForm
	// LoginWill: a will where the client may not publish.
	LoginWill
	// LoginSessions: the principal has as many sessions as it may.
	LoginSessions
	// LoginRate: the principal logs in, or its host fails to log in, too often.
	LoginRate
	// LoginRevoked: a connection ended because its secret was revoked.
	LoginRevoked
	// Connections: the broker has as many connections as it may.
	Connections
	// Subscription: a filter beyond the client's own topics, or one too many.
	Subscription
	// PublishTopic: a topic on which the client may not publish.
	PublishTopic
	// PublishRate: more messages a second than one principal may send.
	PublishRate
	// PublishSize: a payload above the contract's bound.
	PublishSize
	// Mailbox: too many messages of this car wait for the handler.
	Mailbox
	// Backlog: too many messages of all cars wait for the handler.
	Backlog
	// SlowClient: too many messages wait for a client that does not read.
	SlowClient
	// Inflight: too many messages wait for a client's acknowledgement or return.
	Inflight

	reasons
)

var reasonNames = [reasons]string{
	"none", "login_secret", "login_form", "login_will", "login_sessions", "login_rate", "login_revoked", "connections",
	"subscription", "publish_topic", "publish_rate", "publish_size", "mailbox", "backlog", "slow_client", "inflight",
}

// String is the reason's name in the figures: "login_rate".
func (r Reason) String() string {
	if r < 0 || r >= reasons {
		return "unknown"
	}
	return reasonNames[r]
}

// Reasons are all of them, in order.
func Reasons() []Reason {
	all := make([]Reason, 0, reasons-1)
	for r := Reason(1); r < reasons; r++ {
		all = append(all, r)
	}
	return all
}
