package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	// tallyEvery is how often the broker's counts are looked at, and tallies how many of
	// them its rates are over.
	tallyEvery = time.Second
	tallies    = 6
	// maxSlow is how many slow readers are shown.
	maxSlow = 50
)

// tally makes rates of the broker's counts.
type tally struct {
	mu    sync.Mutex
	looks []tallied // the oldest first
}

type tallied struct {
	at      time.Time
	in, out int64
}

// run looks until the context ends.
func (t *tally) run(ctx context.Context, stats func() broker.Stats) {
	tick := time.NewTicker(tallyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s := stats()
			t.note(tallied{now, s.MessagesIn, s.MessagesOut})
		}
	}
}

func (t *tally) note(l tallied) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.looks = append(t.looks, l)
	t.looks = t.looks[max(0, len(t.looks)-tallies):]
}

// rates are messages a second over the last looks.
func (t *tally) rates() (in, out float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.looks) < 2 {
		return 0, 0
	}
	first, last := t.looks[0], t.looks[len(t.looks)-1]
	over := last.at.Sub(first.at).Seconds()
	return tenth(float64(last.in-first.in) / over), tenth(float64(last.out-first.out) / over)
}

func tenth(v float64) float64 { return float64(int64(v*10+0.5)) / 10 }

// brokerNow is the broker in figures, without its cars.
func (m *carBroker) brokerNow() api.Broker {
	s := m.rooms.broker.Stats()
	b := api.Broker{
		At: time.Now().UTC(), Elsewhere: m.sharedBroker(),
		Clients: s.Connected, Sessions: s.Sessions, Subscriptions: s.Subscriptions, Retained: s.Retained,
		InFlight: s.InFlight, Backlog: s.Backlog, Dropped: s.Dropped, LetGo: s.LetGo,
		Refused: map[string]int64{}, SlowReaders: []api.SlowReader{},
	}
	b.InPerSecond, b.OutPerSecond = m.rooms.tally.rates()
	for _, reason := range broker.Reasons() {
		if n := s.Refused[reason]; n > 0 {
			b.Refused[reason.String()] = n
		}
	}
	if m.rooms.embeddedBroker != nil {
		b.SlowReaders = slowest(m.rooms.embeddedBroker.Clients())
	}
	return b
}

// slowest are the clients that have not read what was sent to them, those with most
// first.
func slowest(clients []broker.ClientState) []api.SlowReader {
	slow := []api.SlowReader{}
	for _, c := range clients {
		if c.PendingBytes == 0 {
			continue
		}
		who := string(c.Vehicle) + string(c.Company)
		if c.Operator {
			who = "operator"
		}
		slow = append(slow, api.SlowReader{Who: who, ClientID: c.ClientID, PendingBytes: c.PendingBytes, InFlight: c.InFlight})
	}
	slices.SortFunc(slow, func(a, b api.SlowReader) int { return cmp.Compare(b.PendingBytes, a.PendingBytes) })
	return slow[:min(len(slow), maxSlow)]
}

// brokerCars are the cars that were heard of or are connected, the last heard first.
func (m *carBroker) brokerCars() []api.BrokerCar {
	heard := m.rooms.seen.all()
	online := map[charging.VehicleID]bool{}
	if m.rooms.embeddedBroker != nil {
		for _, c := range m.rooms.embeddedBroker.Clients() {
			if c.Vehicle != "" {
				online[c.Vehicle] = true
			}
		}
	}
	all := make([]api.BrokerCar, 0, len(heard)+len(online))
	add := func(v charging.VehicleID, is *seen) {
		car := api.BrokerCar{VehicleID: v}
		if is != nil {
			at := is.heard.UTC()
			car.HeardAt, car.Last = &at, &is.Sighting
		}
		if m.rooms.embeddedBroker != nil {
			there := online[v]
			car.Connected = &there
		}
		all = append(all, car)
	}
	for v, is := range heard {
		add(v, &is)
	}
	for v := range online {
		if _, known := heard[v]; !known {
			add(v, nil)
		}
	}
	slices.SortFunc(all, func(a, b api.BrokerCar) int {
		return cmp.Or(heardAt(b).Compare(heardAt(a)), strings.Compare(string(a.VehicleID), string(b.VehicleID)))
	})
	return all
}

func heardAt(c api.BrokerCar) time.Time {
	if c.HeardAt == nil {
		return time.Time{}
	}
	return *c.HeardAt
}
