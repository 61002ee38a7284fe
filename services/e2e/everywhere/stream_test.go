package everywhere

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/redisrig"
)

// ear is one reader of one server's events.
type ear struct {
	p    *processes
	name string

	mu    sync.Mutex
	heard []trip.Event
}

// listens reads a stream until the test, or the server, ends; it returns when the server
// has taken it.
func (p *processes) listens(at charging.CompanyID, who caller) *ear {
	p.Helper()
	e := &ear{p: p, name: who.who + " at " + string(at)}
	types := []trip.EventType{trip.EventTrip, trip.EventReservation, trip.EventHistory}
	if who.user == "operator" {
		types = append(types, trip.EventCalendar, trip.EventAudit, trip.EventPeer)
	} else {
		types = append(types, trip.EventCompany)
	}
	began := make(chan struct{})
	var once sync.Once
	events := p.driver(at, who).Live(p.life, 0, client.Choice{Types: types}) // with a snapshot first: from then on nothing is missed
	go func() {
		defer once.Do(func() { close(began) })
		for one, err := range events {
			if err != nil {
				return
			}
			e.mu.Lock()
			e.heard = append(e.heard, one)
			e.mu.Unlock()
			once.Do(func() { close(began) })
		}
	}()
	<-began
	if len(e.all()) == 0 {
		p.Fatalf("%s hears nothing", e.name)
	}
	return e
}

func (e *ear) all() []trip.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard)
}

// waits until an event that fits has come.
func (e *ear) waits(what string, fits func(trip.Event) bool) {
	e.p.Helper()
	redisrig.Until(e.p.T, e.name+" hears that "+what, func() bool { return slices.ContainsFunc(e.all(), fits) })
}

// never judges what has come so far.
func (e *ear) never(what string, fits func(trip.Event) bool) {
	e.p.Helper()
	for _, one := range e.all() {
		if fits(one) {
			e.p.Errorf("%s hears %s: %+v %s", e.name, what, one, one.Data)
			return
		}
	}
}

// hears fits the newest word about whether a company is heard.
func (e *ear) hears(c charging.CompanyID, want bool) func() bool {
	return func() bool {
		for _, one := range slices.Backward(e.all()) {
			var s api.Silence
			if one.Type == trip.EventCompany && json.Unmarshal(one.Data, &s) == nil && s.CompanyID == c {
				return s.Heard == want
			}
		}
		return false
	}
}

// tells fits every event that names something in its data, as it was sent.
func tells(text string) func(trip.Event) bool {
	return func(e trip.Event) bool { return strings.Contains(string(e.Data), text) || string(e.TripID) == text }
}
