package flood

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	// bookEvery is how often a driver books, and lookEvery how often the operator and
	// a balancer look.
	bookEvery, lookEvery = 400 * time.Millisecond, 250 * time.Millisecond
	// lookWithin is how long a look may take, tripWithin a trip.
	lookWithin, tripWithin = 2 * time.Second, 10 * time.Second
)

// Clients from one address, each on connections of its own.
func Clients(from string) *http.Client {
	h := client.NewHTTP(nil)
	dialer := &net.Dialer{Timeout: lookWithin, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	h.Transport.(*http.Transport).DialContext = dialer.DialContext
	return h
}

// Honest are those who use the server meanwhile.
type Honest struct {
	// Drivers is how many book at a time, each as the next of Cars.
	Drivers int
	Cars    []*client.Driver
	IDs     []string
	// Stops of trip n; no two trips meet.
	Stops func(n int) []api.Stop
	// Operator reads locks and listens to all events; Balancer asks whether the
	// server is ready.
	Operator, Balancer *client.Driver

	next, events atomic.Int64
}

// Phase is what they noticed in a while.
type Phase struct {
	Booked int `json:"booked"`
	Failed int `json:"failed"`
	// Why the first failed one did.
	Why string  `json:"why,omitempty"`
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	// Ready and NotReady count the answers of /readyz, or none within 2 s; Looks and
	// NoLooks the operator's; Events are what he heard.
	Ready    int   `json:"ready"`
	NotReady int   `json:"not_ready"`
	Looks    int   `json:"operator_looks"`
	NoLooks  int   `json:"operator_refused"`
	Events   int64 `json:"operator_events"`
}

// Listen keeps the operator's stream open until the context ends.
func (h *Honest) Listen(ctx context.Context) {
	for ctx.Err() == nil {
		for _, err := range h.Operator.Events(ctx, 0) {
			if err != nil {
				break
			}
			h.events.Add(1)
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
	}
}

// Run books and looks for so long.
func (h *Honest) Run(ctx context.Context, d time.Duration) Phase {
	ends := time.Now().Add(d)
	heard := h.events.Load()
	var p Phase
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	for i := range h.Drivers {
		wg.Go(func() {
			pace(ctx, ends, bookEvery, time.Duration(i)*bookEvery/time.Duration(h.Drivers), func() {
				t, err := h.Book(ctx)
				mu.Lock()
				defer mu.Unlock()
				if err != "" {
					if p.Failed++; p.Why == "" {
						p.Why = err
					}
					return
				}
				took = append(took, t)
			})
		})
	}
	count := func(good, bad *int, look func(context.Context) error) {
		wg.Go(func() {
			pace(ctx, ends, lookEvery, 0, func() {
				ctx, cancel := context.WithTimeout(ctx, lookWithin)
				defer cancel()
				if look(ctx) == nil {
					*good++
				} else {
					*bad++
				}
			})
		})
	}
	count(&p.Ready, &p.NotReady, func(ctx context.Context) error { _, err := h.Balancer.Ready(ctx); return err })
	count(&p.Looks, &p.NoLooks, func(ctx context.Context) error { _, err := h.Operator.Locks(ctx); return err })
	wg.Wait()
	slices.Sort(took)
	p.Booked, p.P50, p.P99, p.Events = len(took), percentile(took, .5), percentile(took, .99), h.events.Load()-heard
	return p
}

// pace does something at a rate, the first time after a while.
func pace(ctx context.Context, ends time.Time, each, first time.Duration, do func()) {
	for due := time.Now().Add(first); due.Before(ends) && ctx.Err() == nil; due = due.Add(each) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due)):
		}
		do()
		if late := time.Since(due); late > each {
			due = due.Add(late.Truncate(each)) // what was missed is not made up for
		}
	}
}

// Book books the next trip, and tells how long that took, or why it was not
// CONFIRMED.
func (h *Honest) Book(ctx context.Context) (time.Duration, string) {
	n := int(h.next.Add(1) - 1)
	who := n % len(h.Cars)
	began := time.Now()
	t, err := h.Cars[who].CreateTrip(ctx, request(h.IDs[who], h.Stops(n)), "", tripWithin)
	switch {
	case err != nil:
		return 0, err.Error()
	case t.State != trip.Confirmed:
		return 0, "a trip ended " + string(t.State)
	}
	return time.Since(began), ""
}

// percentile of sorted durations in milliseconds, by nearest rank; 0 of none.
func percentile(sorted []time.Duration, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[min(len(sorted)-1, int(p*float64(len(sorted))))].Microseconds()) / 1000
}
