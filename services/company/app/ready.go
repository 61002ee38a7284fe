package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/eletrovia/eletrovia/services/company/internal/federation"
	"github.com/eletrovia/eletrovia/services/company/internal/httpapi"
)

// health is what /readyz says.
type health struct {
	*core
	neighbours *neighbours
	leaving    *atomic.Bool
}

// readyParts are what /readyz looks at; the clock is shown where it is not real
// time, so that whoever drives cars by it can set theirs.
func (h *health) readyParts() map[string]httpapi.Part {
	book, drive, peers := httpapi.Book, httpapi.Drive, httpapi.Peers
	parts := map[string]httpapi.Part{
		"store":    {Check: h.storeReady, For: []httpapi.Use{book}},
		"settings": {Check: h.settingsReady, Works: "everything, until what they no longer guard against happens"},
		"journal":  {Check: h.journalReady, For: []httpapi.Use{book}},
		"broker": {
			Check: h.brokerReady, For: []httpapi.Use{drive},
			Works: "plans, trips and bookings over REST, and all that peers ask; what cars are told waits for it",
		},
		"peers":   {Check: h.peersReady, For: []httpapi.Use{peers}, Works: "trips that do not stop there"},
		"serving": {Check: h.serving, For: []httpapi.Use{book, drive, peers}},
	}
	if c := h.o.Clock; !c.real() {
		parts["clock"] = httpapi.Part{Check: func(context.Context) (string, error) {
			return fmt.Sprintf("civil; %g times real time since %s", c.Speed, c.Epoch.UTC().Format(time.RFC3339Nano)), nil
		}}
	}
	return parts
}

// storeReady says which store this is, and what it can lose. That it answers does
// not mean that it takes writes: its heartbeat tells.
func (h *health) storeReady(ctx context.Context) (string, error) {
	if err := h.rooms.desk.DataLoss(); err != nil {
		return "", err
	}
	some, dead := h.rooms.mark.Writes()
	if some != "" { // any of the masters may be the one that a ping asks
		return "", httpapi.Impaired(some + "; what still works: the locations and trips of the others")
	}
	if err := h.rooms.store.Ping(ctx); err != nil {
		return "", err
	}
	if dead != nil {
		return "", fmt.Errorf("nothing can be booked, %w; what still works: reading trips and locations, and plans", dead)
	}
	return h.rooms.storeKind + "; can lose: " + h.rooms.storeLoses, nil
}

// journalReady writes nothing: the store's clock is what every step of the
// journal needs first.
func (h *health) journalReady(ctx context.Context) (string, error) {
	if _, err := h.rooms.store.Time(ctx); err != nil {
		if some, _ := h.rooms.mark.Writes(); some != "" {
			return "", httpapi.Impaired(err.Error())
		}
		return "", err
	}
	return fmt.Sprintf("%d trips in flight", h.rooms.saga.InFlight()), nil
}

func (h *health) brokerReady(context.Context) (string, error) {
	if err := h.rooms.broker.Ready(); err != nil {
		return "", fmt.Errorf("cars are not heard: %w", err)
	}
	if h.rooms.embeddedBroker == nil {
		return "connected to " + h.MQTTAddr(), nil
	}
	return fmt.Sprintf("%d clients; %s", h.rooms.broker.Stats().Connected, h.rooms.broker.Keeps()), nil
}

// serving is false once the server is to stop.
func (h *health) serving(context.Context) (string, error) {
	if h.leaving.Load() {
		return "", errors.New("the server is stopping")
	}
	return fmt.Sprintf("with %d other servers of the company", h.rooms.replicas.Others()), nil
}

// peersReady names the peers at which nothing can be booked from here. Why is for
// the operator (GET /api/v1/peers): it tells addresses.
func (h *health) peersReady(context.Context) (string, error) {
	var missing []string
	views := h.rooms.federation.Peers()
	for _, v := range views {
		switch {
		case v.State == federation.Offline:
			missing = append(missing, string(v.ID)+" does not answer")
		case v.Refused != "":
			missing = append(missing, string(v.ID)+" refuses our token (401)")
		case v.LocationsAgeMs < 0:
			missing = append(missing, string(v.ID)+" has not been met yet")
		}
	}
	if len(missing) > 0 {
		return "", errors.New(strings.Join(missing, ", "))
	}
	if own := h.neighbours.ownClock(); own != "" {
		return "", httpapi.Impaired(own + ": no proof of age counts between this company and the others")
	}
	detail := fmt.Sprintf("%d companies", len(views))
	if refused := h.rooms.refusals.summary(time.Now()); refused != "" {
		detail += "; " + refused
	}
	return detail, nil
}

// ownClock says that it is this company's clock that is off where that is more
// likely than that all others are; else it is empty.
func (n *neighbours) ownClock() string {
	ahead, off := n.rooms.federation.OwnClock()
	if !off {
		return ""
	}
	return ownClockIs(ahead)
}

func ownClockIs(ahead time.Duration) string {
	way := "ahead"
	if ahead < 0 {
		way = "behind"
	}
	return fmt.Sprintf("this server's clock is probably %.1f s %s: all others that can be compared say so alike; set the clock of its store (NTP)",
		ahead.Abs().Seconds(), way)
}
