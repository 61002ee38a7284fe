package main

import (
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
)

// started is one server that runs, as demo and serve say it.
type started struct {
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

func describe(a *app.App) started {
	s := a.Status()
	return started{
		Company: string(s.Company), Name: s.Name, REST: a.URL(), HTTP: a.HTTPAddr(), MQTT: a.MQTTAddr(), WebSocket: a.WebSocketAddr(), Admin: a.AdminAddr(),
		Store: a.StoreAddr(), StorePassword: a.StorePassword(), StoreKind: s.StoreKind, Loses: s.Loses, Locations: s.Locations, EVSEs: s.EVSEs,
	}
}

func describeTo(p show.Printer, s started) {
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
		p.Linef("  to look into it: REDISCLI_AUTH=$(cat %s) redis-cli -p %s --scan", s.StorePassword, portOf(s.Store))
	}
}
