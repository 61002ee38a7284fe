package booking_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/booking"
	"github.com/eletrovia/eletrovia/services/company/internal/desk"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
	"github.com/eletrovia/eletrovia/services/company/internal/store/embedded"
)

// These tests run the real saga over the real desks and the real scripts in a
// real store, with a transport between them that a test scripts: it can hold
// back, repeat or drop what is said. The interleavings are those that broke
// earlier forms of the protocol (docs/protocol.md §4).

// road is a federation of companies in one process, one EVSE each, that share a
// Redis under different prefixes.
type road struct {
	t         *testing.T
	companies map[charging.CompanyID]*office
	// tuneDesk changes a desk before it is made; told hears its notices.
	tuneDesk func(*desk.Options)
	told     func(charging.Notice)
	// between is called before and after each call is executed.
	between func(from, step string, ref charging.Ref, after bool) error
	// inMemory takes miniredis even where there is a redis-server.
	inMemory bool
	// addr of the store.
	addr string
}

// office is one company: desk, journal, saga.
type office struct {
	r     *road
	id    charging.CompanyID
	desk  *desk.Desk
	store *store.Store
	saga  *booking.Coordinator
	// follows is the server that came after saga, if any.
	follows atomic.Pointer[booking.Coordinator]

	mu     sync.Mutex
	states map[charging.TripID][]trip.State
}

var parties = []charging.CompanyID{"AAA", "BBB", "CCC", "DDD"}

// e is the EVSE of the n-th company.
func e(n int) charging.EVSEID { return charging.EVSEID("BR*" + string(parties[n]) + "*E1*1") }

func newRoad(t *testing.T, tune ...func(*booking.Options)) *road {
	t.Helper()
	return newRoadWith(t, &road{}, tune...)
}

// newRoadWith opens the companies of a road whose hooks are set.
func newRoadWith(t *testing.T, r *road, tune ...func(*booking.Options)) *road {
	t.Helper()
	redis, err := embedded.Open(t.Context(), embedded.Options{Addr: "127.0.0.1:0", Dir: t.TempDir(), ForceMemory: r.inMemory})
	if err != nil {
		t.Fatal(err)
	}
	r.addr = redis.Addr()
	t.Cleanup(func() { _ = redis.Close(context.Background()) })
	r.t, r.companies = t, map[charging.CompanyID]*office{}
	for _, id := range parties {
		r.companies[id] = r.open(id, "redis://"+redis.Addr(), tune)
	}
	return r
}

func (r *road) open(id charging.CompanyID, url string, tune []func(*booking.Options)) *office {
	r.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	o := &office{r: r, id: id, states: map[charging.TripID][]trip.State{}}
	s, err := store.Open(ctx, store.Options{URL: url, Prefix: string(id) + ":"})
	if err != nil {
		r.t.Fatal(err)
	}
	o.store = s
	deskOptions := desk.Options{
		Company: id, Calendar: s, Tickets: paper{}, Originators: r,
		AcceptedLife: time.Since(time.Unix(0, 0)) + time.Hour, // the rows' stamps are small numbers
		Locations: []charging.Location{{
			ID: charging.LocationID("BR*" + string(id) + "*L1"), Company: id,
			Terms: charging.Terms{NoShowTimeout: time.Hour, MaxAhead: charging.MaxAhead},
			EVSEs: []charging.EVSE{{ID: charging.EVSEID("BR*" + string(id) + "*E1*1"), Status: charging.StatusAvailable}},
		}},
	}
	if r.tuneDesk != nil {
		r.tuneDesk(&deskOptions)
	}
	if o.desk, err = desk.New(deskOptions); err != nil {
		r.t.Fatal(err)
	}
	opts := booking.Options{
		Engine: booking.Engine{Owner: string(id) + "-1", Journal: s, Publish: o.saw},
		Self:   id, Companies: caller{r, string(id)},
	}
	for _, f := range tune {
		f(&opts)
	}
	if o.saga, err = booking.New(opts); err != nil {
		r.t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { o.desk.Run(ctx) })
	wg.Go(func() { o.saga.Run(ctx) })
	r.t.Cleanup(func() {
		done, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		o.saga.Drain(done)
		stop()
		wg.Wait()
		_ = s.Close()
	})
	return o
}

func (o *office) saw(t trip.Trip) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.states[t.ID] = append(o.states[t.ID], t.State)
}

func (o *office) reached(id charging.TripID, s trip.State) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, was := range o.states[id] {
		if was == s {
			return true
		}
	}
	return false
}

// Originator makes the road the desks' way back to the trips' owners.
func (r *road) Originator(id charging.CompanyID) (charging.Originator, error) {
	return r.companies[id], nil
}

func (o *office) Outcomes(ctx context.Context, about []charging.Question) ([]charging.Outcome, error) {
	out := make([]charging.Outcome, len(about))
	for i, q := range about {
		var err error
		if out[i], err = o.outcome(ctx, q.TripID, q.ReservationID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (o *office) outcome(ctx context.Context, id charging.TripID, rsv charging.ReservationID) (charging.Outcome, error) {
	t, err := o.store.Load(ctx, id)
	if charging.CodeOf(err) == charging.CodeUnknownTrip {
		return charging.OutcomeUnknown, nil
	}
	if err != nil {
		return "", err
	}
	part := false
	for _, l := range t.Legs {
		part = part || l.ReservationID == rsv
	}
	switch {
	case !part || t.State == trip.Aborted || t.State == trip.Canceled || t.State == trip.Compensating:
		return charging.OutcomeAborted, nil
	case t.State == trip.Confirmed:
		return charging.OutcomeConfirmed, nil
	}
	return charging.OutcomePending, nil
}

func (o *office) Preempted(ctx context.Context, n charging.Notice) error {
	if o.r.told != nil {
		o.r.told(n)
	}
	return o.Changed(ctx, n)
}

func (o *office) Changed(ctx context.Context, n charging.Notice) error {
	if s := o.follows.Load(); s != nil {
		return s.Notice(ctx, n)
	}
	return o.saga.Notice(ctx, n)
}

// caller is the federation as one company's saga sees it.
type caller struct {
	r    *road
	from string
}

func (c caller) Company(id charging.CompanyID) (charging.Company, error) {
	return wire{c, c.r.companies[id].desk}, nil
}

func (c caller) Sessions(id charging.CompanyID) (charging.Sessions, error) {
	return wire{c, c.r.companies[id].desk}, nil
}

// wire carries one call, past the test's script.
type wire struct {
	c caller
	d *desk.Desk
}

func (w wire) do(ctx context.Context, step string, ref charging.Ref, f func() (charging.Reservation, error)) (charging.Reservation, error) {
	if b := w.c.r.between; b != nil {
		if err := b(w.c.from, step, ref, false); err != nil {
			return charging.Reservation{}, err
		}
	}
	res, err := f()
	if b := w.c.r.between; b != nil {
		if lost := b(w.c.from, step, ref, true); lost != nil {
			return charging.Reservation{}, lost
		}
	}
	return res, err
}

func (w wire) Reserve(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return w.do(ctx, "reserve", h.Ref, func() (charging.Reservation, error) { return w.d.Reserve(ctx, h) })
}

func (w wire) Claim(ctx context.Context, h charging.HoldRequest) (charging.Reservation, error) {
	return w.do(ctx, "claim", h.Ref, func() (charging.Reservation, error) { return w.d.Claim(ctx, h) })
}

func (w wire) Renew(ctx context.Context, ref charging.Ref, ttl time.Duration) (charging.Reservation, error) {
	return w.do(ctx, "renew", ref, func() (charging.Reservation, error) { return w.d.Renew(ctx, ref, ttl) })
}

func (w wire) Confirm(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	return w.do(ctx, "confirm", ref, func() (charging.Reservation, error) { return w.d.Confirm(ctx, ref) })
}

func (w wire) Compensate(ctx context.Context, ref charging.Ref) (charging.Reservation, error) {
	return w.do(ctx, "compensate", ref, func() (charging.Reservation, error) { return w.d.Compensate(ctx, ref) })
}

func (w wire) Start(ctx context.Context, ref charging.Ref, a charging.Arrival) (charging.Reservation, error) {
	return w.do(ctx, "start", ref, func() (charging.Reservation, error) { return w.d.Start(ctx, ref, a) })
}

func (w wire) Complete(ctx context.Context, ref charging.Ref, l charging.Leaving) (charging.Reservation, error) {
	return w.do(ctx, "complete", ref, func() (charging.Reservation, error) { return w.d.Complete(ctx, ref, l) })
}

func (w wire) Reservation(ctx context.Context, id charging.ReservationID) (charging.Reservation, error) {
	return w.d.Reservation(ctx, id, "")
}

// paper is a Tickets without cryptography: a JWS's shape with no signature.
type paper struct{}

func (paper) KeyID() string { return "k" }

func (paper) Issue(t charging.Ticket, _ string) (string, error) {
	raw, err := json.Marshal(struct {
		charging.Ticket
		Exp int64 `json:"exp"`
	}{t, t.Expires.Unix()})
	return "h." + base64.RawURLEncoding.EncodeToString(raw) + ".s", err
}

func (paper) Verify(_ context.Context, token string, id charging.TripID, _ charging.CompanyID, _ time.Time) (charging.Ticket, error) {
	var t struct {
		charging.Ticket
		Exp int64 `json:"exp"`
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil || json.Unmarshal(raw, &t) != nil || t.TripID != id {
		return t.Ticket, charging.Refuse(charging.CodeTicketInvalid, "another's")
	}
	t.Expires = time.Unix(t.Exp, 0)
	return t.Ticket, nil
}

// stop is an EVSE for an hour from the h-th hour of tomorrow.
type stop struct {
	evse charging.EVSEID
	h    int
}

// start begins a trip at the n-th company.
func (r *road) start(n int, p trip.Policy, stops ...stop) trip.Trip {
	r.t.Helper()
	got, err := r.companies[parties[n]].saga.Start(r.t.Context(), r.draft(n, p, stops...))
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

// draft is a trip that nobody has begun.
func (r *road) draft(n int, p trip.Policy, stops ...stop) trip.Trip {
	base := time.Now().UTC().Truncate(time.Hour).Add(24 * time.Hour)
	t := trip.Trip{
		ID: charging.TripID(uuid.Must(uuid.NewV7()).String()), VehicleID: "EV-0001", Origin: parties[n], OnConflict: p,
		CreatedAt: time.Now(), Saga: &trip.Saga{DecisionTimeout: 20 * time.Second},
	}
	for k, s := range stops {
		at := base.Add(time.Duration(s.h) * time.Hour)
		t.Legs = append(t.Legs, trip.Leg{Leg: k + 1, CompanyID: s.evse.Company(), EVSEID: s.evse, Start: at, End: at.Add(time.Hour)})
	}
	return t
}

func (r *road) wait(t trip.Trip) trip.Trip {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 60*time.Second)
	defer cancel()
	got, err := r.companies[t.Origin].saga.Wait(ctx, t.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

// locks counts the holds in force everywhere.
func (r *road) locks() int {
	r.t.Helper()
	n := 0
	for _, o := range r.companies {
		l, err := o.desk.Locks(r.t.Context())
		if err != nil {
			r.t.Fatal(err)
		}
		n += len(l)
	}
	return n
}

// gate lets calls wait for one another; whoever waits in vain goes on after a
// while, so that a broken saga fails an assertion instead of hanging.
type gate struct {
	once sync.Once
	ch   chan struct{}
}

func newGate() *gate  { return &gate{ch: make(chan struct{})} }
func (g *gate) open() { g.once.Do(func() { close(g.ch) }) }
func (g *gate) await() { // bounded below the call's time-out
	select {
	case <-g.ch:
	case <-time.After(time.Second):
	}
}

// TestOlderWinsOverATripThatIsConfirming is row 1: B, the younger, is already
// CONFIRMING when A preempts one of its stops; B's other confirm succeeds.
func TestOlderWinsOverATripThatIsConfirming(t *testing.T) {
	r := newRoad(t)
	var a, b trip.Trip
	aHolds, bConfirming, aTookE2, bConfirmedE1 := newGate(), newGate(), newGate(), newGate()
	var mu sync.Mutex
	is := func(ref charging.Ref, t *trip.Trip) bool { mu.Lock(); defer mu.Unlock(); return ref.TripID == t.ID }
	r.between = func(_, step string, ref charging.Ref, after bool) error {
		mine := is(ref, &b)
		switch {
		case step == "reserve" && ref.EVSEID == e(0) && after:
			aHolds.open()
		case step == "claim" && !mine && ref.EVSEID == e(2) && !after:
			bConfirming.await()
		case step == "claim" && !mine && ref.EVSEID == e(2) && after:
			aTookE2.open()
		case step == "claim" && !mine && ref.EVSEID == e(1) && !after:
			bConfirmedE1.await()
		case step == "confirm" && mine && !after:
			bConfirming.open()
			if ref.EVSEID == e(2) {
				aTookE2.await()
			}
		case step == "confirm" && mine && ref.EVSEID == e(1) && after:
			bConfirmedE1.open()
		}
		return nil
	}
	mu.Lock()
	a = r.start(0, trip.Abort, stop{e(0), 0}, stop{e(1), 1}, stop{e(2), 2})
	mu.Unlock()
	aHolds.await()
	mu.Lock()
	b = r.start(3, trip.Abort, stop{e(3), 0}, stop{e(1), 1}, stop{e(2), 2})
	mu.Unlock()
	gotA, gotB := r.wait(a), r.wait(b)
	if !r.companies["DDD"].reached(b.ID, trip.Confirming) {
		t.Fatal("the scene was not played: B never came to CONFIRMING")
	}
	if gotA.State != trip.Confirmed || gotB.State != trip.Aborted {
		t.Fatalf("A %s (%+v), B %s (%+v)", gotA.State, gotA.Problem, gotB.State, gotB.Problem)
	}
	if n := r.locks(); n != 0 {
		t.Errorf("%d locks left", n)
	}
}

// TestFirstStopLapsesAndIsTakenAgain is row 4: the same ticket, and nobody stuck.
func TestFirstStopLapsesAndIsTakenAgain(t *testing.T) {
	r := newRoad(t, func(o *booking.Options) {
		o.CallTimeout, o.Lease, o.Poll = 150*time.Millisecond, 300*time.Millisecond, 50*time.Millisecond
		o.ConfirmBudget, o.HoldTTL = 400*time.Millisecond, time.Second
	})
	var slow sync.Once
	r.between = func(_, step string, _ charging.Ref, after bool) error {
		if step == "claim" && !after {
			slow.Do(func() { <-time.After(1200 * time.Millisecond) }) // longer than stop 1 is held
		}
		return nil
	}
	first := r.start(1, trip.Wait, stop{e(0), 0}, stop{e(1), 1}, stop{e(2), 2})
	got := r.wait(first)
	if got.State != trip.Confirmed {
		t.Fatalf("%s %+v", got.State, got.Problem)
	}
	if got.Saga.Restarts == 0 || got.Legs[0].ReservationID == first.Legs[0].ReservationID {
		t.Fatal("the scene was not played: stop 1 never lapsed")
	}
	res, err := r.companies["AAA"].desk.Reservation(t.Context(), got.Legs[0].ReservationID, got.Origin)
	if err != nil || res.GrantedAt != got.Ticket.GrantedAt {
		t.Errorf("the stop that was taken again is ordered by %s, the trip by %s (%v)", res.GrantedAt, got.Ticket.GrantedAt, err)
	}
}

// TestRing is row 15: three trips, each wanting what the next one has.
func TestRing(t *testing.T) { playRing(t, newRoad(t)) }

func playRing(t *testing.T, r *road) {
	t.Helper()
	for round := range 10 {
		h := 3 * round
		// Windows so that every trip is in travel order and neighbours overlap.
		ts := []trip.Trip{
			r.start(0, trip.Wait, stop{e(0), h}, stop{e(1), h + 1}),
			r.start(1, trip.Wait, stop{e(1), h + 1}, stop{e(2), h + 2}),
			r.start(2, trip.Wait, stop{e(0), h}, stop{e(2), h + 2}),
		}
		confirmed := 0
		for _, tr := range ts {
			got := r.wait(tr)
			if got.State != trip.Confirmed && got.State != trip.Aborted {
				t.Fatalf("round %d: %s", round, got.State)
			}
			if got.State == trip.Confirmed {
				confirmed++
			}
		}
		if confirmed != 1 {
			t.Errorf("round %d: %d confirmed of three that exclude each other", round, confirmed)
		}
	}
	if n := r.locks(); n != 0 {
		t.Errorf("%d locks left", n)
	}
}

// TestLostLateAndRepeated plays random loss, repetition and delay over random
// trips: each ends CONFIRMED everywhere or held nowhere, and no window is sold
// twice.
func TestLostLateAndRepeated(t *testing.T) {
	r := newRoad(t, func(o *booking.Options) { o.StepBudget = 2 * time.Second })
	rng := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	draw := func(n int) int { mu.Lock(); defer mu.Unlock(); return rng.IntN(n) }
	lost := errors.New("lost")
	r.between = func(_, step string, ref charging.Ref, after bool) error {
		switch draw(20) {
		case 0:
			return lost
		case 1:
			<-time.After(time.Duration(draw(30)) * time.Millisecond)
		}
		return nil
	}
	var wg sync.WaitGroup
	ends := make([]trip.Trip, 60)
	for i := range ends {
		first := draw(4)
		stops := []stop{{e(first), draw(6)}}
		for k := 1; k < 3; k++ {
			stops = append(stops, stop{e((first + k) % 4), stops[k-1].h + 1 + draw(2)})
		}
		policy := []trip.Policy{trip.Abort, trip.Wait, trip.Abort}[i%3]
		tr := r.start(draw(4), policy, stops...)
		wg.Go(func() { ends[i] = r.wait(tr) })
	}
	wg.Wait()
	sold := map[string]charging.TripID{}
	count := map[trip.State]int{}
	for _, got := range ends {
		count[got.State]++
		if got.State != trip.Confirmed {
			continue
		}
		for _, l := range got.Legs {
			key := fmt.Sprintf("%s %s", l.EVSEID, l.Start)
			if was, twice := sold[key]; twice {
				t.Errorf("%s is sold to %s and %s", key, was, got.ID)
			}
			sold[key] = got.ID
			res, err := r.companies[l.CompanyID].desk.Reservation(t.Context(), l.ReservationID, got.Origin)
			if err != nil || res.State != charging.Reserved {
				t.Errorf("trip %s is CONFIRMED, leg %d is %s, %v", got.ID, l.Leg, res.State, err)
			}
		}
	}
	t.Logf("%v", count)
	if count[trip.Confirmed] == 0 || count[trip.Confirmed]+count[trip.Aborted] != len(ends) {
		t.Errorf("%v", count)
	}
}
