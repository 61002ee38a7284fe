package cheat

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

func started(t *testing.T) *Company {
	t.Helper()
	c, err := New(Options{Self: "LUD", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestItIsTakenForACompany: an honest client takes all that it says about itself, and its
// answers. Otherwise nobody would meet it, and a run would prove nothing.
func TestItIsTakenForACompany(t *testing.T) {
	c := started(t)
	dropped := func(d api.Drop) { t.Errorf("left out: %+v", d) }
	far, err := client.New(client.Options{BaseURL: c.URL(), Self: "MAR", Peer: "LUD", Dropped: dropped, Token: client.Fixed("theirs")})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if info, err := far.Company(ctx); err != nil || info.CompanyID != "LUD" || !strings.Contains(string(info.PublicKeys), "Ed25519") {
		t.Fatalf("%+v, %v", info, err)
	}
	list, err := far.Locations(ctx, "")
	if err != nil || len(list.Locations) != 1 || len(list.Locations[0].EVSEs) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	start := time.Now().Add(24 * time.Hour).Truncate(time.Hour).UTC()
	h := charging.HoldRequest{
		Ref: charging.Ref{ID: newReservation(), TripID: newTrip(), Origin: "MAR", EVSEID: c.evses()[0], End: start.Add(time.Hour), Epoch: 1},
		Leg: 1, Start: start, VehicleID: "EV-0001", TTL: time.Minute,
	}
	got, err := far.Reserve(ctx, h)
	if err != nil || got.State != charging.Pending || len(strings.Split(got.Ticket, ".")) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err = far.Confirm(ctx, h.Ref); err != nil || got.State != charging.Reserved {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err = far.Compensate(ctx, h.Ref); err != nil || got.State != charging.Canceled {
		t.Fatalf("%+v, %v", got, err)
	}
	did, _ := c.Did()
	if !did.Through[h.TripID] || c.heard.shown["MAR"] != "theirs" || len(c.heard.sent) != 3 {
		t.Errorf("it has heard %+v, through %v", c.heard, did.Through)
	}
}

// TestItTriesEverything: each kind of attack reaches another company; one that never
// comes would be reported as defended.
func TestItTriesEverything(t *testing.T) {
	c := started(t)
	var mu sync.Mutex
	calls := map[string]int{}
	honest := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parts := strings.Split(r.URL.Path, "/")
		mu.Lock()
		calls[parts[len(parts)-1]]++
		mu.Unlock()
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"state":"RESERVED","granted_at":"1"}`))
	}))
	defer honest.Close()
	window := charging.NewWindow(time.Now().Add(24*time.Hour), time.Now().Add(25*time.Hour))
	slot := history.Slot{EVSE: "BR*MAR*E0001*1", Window: window}
	c.Overhear([]history.Reservation{{ID: newReservation(), Trip: newTrip(), Origin: "SER", Slot: slot}})
	c.heard.shown["SER"] = "theirs"
	a := &attacker{
		c: c, rng: rand.New(rand.NewPCG(1, 1)), peers: []charging.CompanyID{"MAR"}, mine: &own{}, fits: map[charging.EVSEID]int{},
		t: Targets{
			URLs: map[charging.CompanyID]string{"MAR": honest.URL}, EVSEs: map[charging.CompanyID][]charging.EVSEID{"MAR": {slot.EVSE}},
			Ahead: 30 * 24 * time.Hour, Aim: func(*rand.Rand) history.Slot { return slot },
		},
	}
	ctx := t.Context()
	for _, lie := range lies {
		a.oneLie(ctx, lie)
	}
	a.inStock(ctx)
	o, _ := a.longestFree(ctx, "claim", newTrip(), 2, "")
	a.confirm(ctx, o)
	for range 40 {
		a.meddle(ctx, o)
		a.borrow(ctx, o)
		a.gossip(ctx, o)
	}
	a.askAbout(ctx, o)
	for _, want := range append([]string{"outcome", "changed", "preempted"}, steps...) {
		if calls[want] == 0 {
			t.Errorf("no %s came", want)
		}
	}
	did, tally := c.Did()
	if tally.Believed != 2 || tally.Confirmed != 1 { // the stamp of 1970, shown twice, is all that this company repeats
		t.Errorf("%d claims believed, %d confirmed", tally.Believed, tally.Confirmed)
	}
	told := map[string]bool{}
	for _, s := range did.Stamps {
		told[s.Lie] = true
	}
	for _, want := range []string{"", "stamp of 1970", "stamp in the future", "stamp beyond its life", "stamp of another's EVSE", "stamp for another company's trip", "stamp for another trip"} {
		if !told[want] {
			t.Errorf("no stamp of the kind %q", want)
		}
	}
}
