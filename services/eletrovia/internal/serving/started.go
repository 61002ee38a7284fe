package serving

import (
	"context"
	"errors"
	"net"

	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
)

// PortOf is the port of host:port.
func PortOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

// StopAll stops servers at the same time, each with a fresh bound: the
// context that told them to is over.
func StopAll(servers ...*app.App) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	results := make(chan error, len(servers))
	for _, s := range servers {
		go func() { results <- s.Stop(ctx) }()
	}
	var errs []error
	for range servers {
		errs = append(errs, <-results)
	}
	return errors.Join(errs...)
}

// Started is one server that runs, as demo and serve say it.
type Started struct {
	Company string `json:"company"`
	Name    string `json:"name"`
	REST    string `json:"rest"`
	// HTTP is host:port that REST listens on, whatever is advertised.
	HTTP      string `json:"http"`
	MQTT      string `json:"mqtt"`
	WebSocket string `json:"websocket,omitempty"`
	// Admin is host:port for peers and the operator, where that is another.
	Admin     string `json:"admin,omitempty"`
	Store     string `json:"store"`
	StoreKind string `json:"store_kind"`
	// StorePassword is the file with the embedded store's password.
	StorePassword string `json:"store_password_file,omitempty"`
	// Loses says what the store can lose.
	Loses     string `json:"loses"`
	Locations int    `json:"locations"`
	EVSEs     int    `json:"evses"`
}

// Describe says what a server is that runs.
func Describe(a *app.App) Started {
	s := a.Status()
	return Started{
		Company: string(s.Company), Name: s.Name, REST: a.URL(), HTTP: a.HTTPAddr(), MQTT: a.MQTTAddr(), WebSocket: a.WebSocketAddr(), Admin: a.AdminAddr(),
		Store: a.StoreAddr(), StorePassword: a.StorePassword(), StoreKind: s.StoreKind, Loses: s.Loses, Locations: s.Locations, EVSEs: s.EVSEs,
	}
}

// DescribeTo writes it for a person.
func DescribeTo(p show.Printer, s Started) {
	p.Linef("%s %s: REST %s, MQTT %s, store %s (%s), %d locations with %d EVSEs",
		p.Accent(s.Company), s.Name, s.REST, s.MQTT, s.Store, s.StoreKind, s.Locations, s.EVSEs)
	if s.WebSocket != "" {
		p.Linef("  MQTT over WebSocket: %s", s.WebSocket)
	}
	if s.Admin != "" {
		p.Linef("  peers and the operator: %s", s.Admin)
	}
	p.Linef("  the store can lose: %s", s.Loses)
	if s.StorePassword != "" {
		p.Linef("  to look into it: REDISCLI_AUTH=$(cat %s) redis-cli -p %s --scan", s.StorePassword, PortOf(s.Store))
	}
}
