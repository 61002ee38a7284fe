package trips

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/booking"
)

var now = time.Date(2030, 5, 1, 6, 0, 0, 0, time.UTC)

// records is the store's part in the process.
type records struct {
	mu      sync.Mutex
	keys    map[string]trip.Admission
	trips   map[charging.TripID]trip.Trip
	plans   map[string]trip.Plan
	journey trip.Journey
	plansBy string // who asked for them
	// journeys are those of plans.
	journeys map[string]trip.Journey
	// kept are the plans of trips, keeps how often one was kept after its trip began;
	// away is what reading them answers.
	kept  map[charging.TripID]trip.Plan
	keeps int
	away  error
	// dismissed are trips whose admission was taken back.
	dismissed []charging.TripID
}

func (r *records) Admit(_ context.Context, a trip.Admission) (charging.TripID, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.Key == "" {
		return "", nil
	}
	if was, ok := r.keys[a.Key]; ok {
		if was.Digest != a.Digest {
			return "", charging.Refuse(charging.CodeIDReused, "another request")
		}
		return was.TripID, nil
	}
	if a.TripID != "" {
		r.keys[a.Key] = a
	}
	return "", nil
}

func (r *records) Dismiss(_ context.Context, _ charging.VehicleID, id charging.TripID) error {
	r.dismissed = append(r.dismissed, id)
	return nil
}

func (r *records) LoadEach(ctx context.Context, ids []charging.TripID) (map[charging.TripID]trip.Trip, error) {
	known := map[charging.TripID]trip.Trip{}
	for _, id := range ids {
		if t, err := r.Load(ctx, id); err == nil {
			known[id] = t
		}
	}
	return known, nil
}

func (r *records) Load(_ context.Context, id charging.TripID) (trip.Trip, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t, ok := r.trips[id]; ok {
		return t, nil
	}
	return trip.Trip{}, charging.Refuse(charging.CodeUnknownTrip, string(id))
}

func (r *records) Page(ctx context.Context, q trip.Query) ([]trip.Trip, string, error) {
	ts, _, err := r.List(ctx, q)
	return ts, "", err
}

func (r *records) List(_ context.Context, q trip.Query) ([]trip.Trip, int, error) {
	var out []trip.Trip
	for _, t := range r.trips {
		if t.VehicleID == q.VehicleID && (q.State == "" || t.State == q.State) {
			out = append(out, t)
		}
	}
	return out, len(out), nil
}

func (r *records) History(context.Context, charging.TripID) ([]trip.Entry, error) { return nil, nil }

func (r *records) Standing(_ context.Context, _ string, _ int, states ...trip.State) ([]trip.Trip, string, error) {
	var out []trip.Trip
	for _, t := range r.trips {
		if slices.Contains(states, t.State) {
			out = append(out, t)
		}
	}
	return out, "", nil
}

func (r *records) SavePlans(_ context.Context, ps []trip.Plan, j trip.Journey, _ time.Duration, by string) error {
	r.plansBy = by
	if r.journeys == nil {
		r.journeys = map[string]trip.Journey{}
	}
	for _, p := range ps {
		r.plans[p.ID], r.journeys[p.ID] = p, j
	}
	r.journey = j
	return nil
}

func (r *records) LoadPlan(_ context.Context, id string) (trip.Plan, trip.Journey, string, error) {
	if p, ok := r.plans[id]; ok {
		return p, r.journeys[id], r.plansBy, nil
	}
	return trip.Plan{}, trip.Journey{}, "", charging.Refuse(charging.CodeUnknownPlan, id)
}

func (r *records) KeptPlans(_ context.Context, ids []charging.TripID) (map[charging.TripID]trip.Plan, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := map[charging.TripID]trip.Plan{}
	for _, id := range ids {
		if p, ok := r.kept[id]; ok {
			kept[id] = p
		}
	}
	return kept, r.away
}

func (r *records) KeepPlan(_ context.Context, id charging.TripID, p trip.Plan) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept[id] = p
	r.keeps++
	return nil
}

// sagas remembers what it was asked, and books at once.
type sagas struct {
	booking.Coordinator
	r       *records
	started []trip.Trip
	swapped trip.Leg
	choice  booking.Choice
	notices []charging.Notice
	visits  []booking.Visit
	atPlug  error // what a car at the plug is answered
	decided int
	// canceled is what a cancel makes of a trip; nil: CANCELED.
	canceled func(*trip.Trip)
	models   map[charging.VehicleID]string
	refuse   error
	closed   error
	quiet    []func(bool)
}

func (s *sagas) MayStart() error                        { return s.closed }
func (s *sagas) OnIdle(_ charging.TripID, f func(bool)) { s.quiet = append(s.quiet, f) }

func (s *sagas) Start(_ context.Context, t trip.Trip) (trip.Trip, error) {
	if s.refuse != nil {
		return t, s.refuse
	}
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	t.State = trip.Confirmed
	for k := range t.Legs {
		t.Legs[k].State = charging.Reserved
		t.Legs[k].ReservationID = charging.ReservationID(newTripID())
	}
	s.started = append(s.started, t)
	s.r.trips[t.ID] = t
	return t, nil
}
func (s *sagas) Current(charging.TripID) (trip.Trip, bool) { return trip.Trip{}, false }
func (s *sagas) Wait(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	return s.r.Load(ctx, id)
}

func (s *sagas) Cancel(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	t, err := s.r.Load(ctx, id)
	if s.canceled != nil {
		s.canceled(&t)
	} else {
		t.State = trip.Canceled
	}
	kept := t.Kept
	t.Kept = nil
	s.r.trips[id] = t
	t.Kept = kept
	return t, err
}

// WaitEnd finds the trip as the test has left it.
func (s *sagas) WaitEnd(ctx context.Context, id charging.TripID) (trip.Trip, error) {
	return s.r.Load(ctx, id)
}

func (s *sagas) Plug(ctx context.Context, id charging.TripID, v booking.Visit) (trip.Trip, error) {
	return s.visit(ctx, id, v, charging.Charging)
}

func (s *sagas) Unplug(ctx context.Context, id charging.TripID, v booking.Visit) (trip.Trip, error) {
	return s.visit(ctx, id, v, charging.Fulfilled)
}

func (s *sagas) visit(ctx context.Context, id charging.TripID, v booking.Visit, to charging.State) (trip.Trip, error) {
	s.visits = append(s.visits, v)
	if s.atPlug != nil {
		return trip.Trip{}, s.atPlug
	}
	t, err := s.r.Load(ctx, id)
	t = t.Clone()
	for k := range t.Legs {
		if t.Legs[k].ReservationID == v.ReservationID {
			t.Legs[k].State, t.Legs[k].Session = to, &charging.Session{StartedAt: now, StartSoC: v.Plug.SoC}
		}
	}
	s.r.trips[id] = t
	return t, err
}

func (s *sagas) ModelOf(_ context.Context, id charging.VehicleID) (string, bool) {
	m, ok := s.models[id]
	return m, ok
}

func (s *sagas) Decide(ctx context.Context, id charging.TripID, c booking.Choice) (trip.Trip, error) {
	s.choice = c
	if s.decided++; s.refuse != nil && s.decided > 1 {
		return trip.Trip{}, s.refuse
	}
	return s.r.Load(ctx, id)
}

func (s *sagas) Shift(ctx context.Context, id charging.TripID, legs []trip.Leg) (trip.Trip, error) {
	s.swapped = legs[0]
	return s.r.Load(ctx, id)
}

func (s *sagas) Notice(_ context.Context, n charging.Notice) error {
	s.notices = append(s.notices, n)
	return nil
}

// catalogue has one site of each company on the road south.
type catalogue struct {
	ahead  time.Duration      // how far ahead SER takes bookings
	silent charging.CompanyID // does not answer
	asked  charging.Window    // for calendars, the last time
}

var sites = []struct {
	company, city string
}{{"MAR", "Recife, PE"}, {"SER", "Maceió, AL"}, {"CAJ", "Aracaju, SE"}, {"CAJ", "Estância, SE"}}

func (c *catalogue) Locations(context.Context) ([]charging.Location, map[charging.CompanyID]time.Time) {
	var out []charging.Location
	for i, s := range sites {
		place, err := road.Default().Place(s.city)
		if err != nil {
			panic(err)
		}
		l := charging.Location{
			ID: charging.LocationID(fmt.Sprintf("BR*%s*L%d", s.company, i)), Name: s.city, City: place.Name, State: place.State, Company: charging.CompanyID(s.company), Point: place.Point,
			Tariffs: []charging.Tariff{{ID: "t", Currency: "BRL", PerKWh: 2}},
			Terms:   charging.Terms{CancelUntil: time.Hour},
		}
		if s.company == "SER" {
			l.Terms.MaxAhead = c.ahead
		}
		for _, n := range []string{"1", "2"} {
			l.EVSEs = append(l.EVSEs, charging.EVSE{
				ID: charging.EVSEID(fmt.Sprintf("BR*%s*E000%d*%s", s.company, 1+i/3, n)), Status: charging.StatusAvailable,
				Connectors: []charging.Connector{{ID: "1", Standard: "IEC_62196_T2_COMBO", PowerKW: 100, TariffID: "t"}},
			})
		}
		out = append(out, l)
	}
	return out, nil
}

func (c *catalogue) LocationOf(ctx context.Context, evse charging.EVSEID) (charging.Location, error) {
	if evse.Company() == "FAR" {
		return charging.Location{}, charging.Refuse(charging.CodePeerUnavailable, "never read")
	}
	all, _ := c.Locations(ctx)
	for _, l := range all {
		for _, e := range l.EVSEs {
			if e.ID == evse {
				return l, nil
			}
		}
	}
	return charging.Location{}, charging.Refuse(charging.CodeUnknownEVSE, string(evse))
}

func (c *catalogue) Availability(_ context.Context, evses []charging.EVSEID, w charging.Window) ([]charging.Free, map[charging.CompanyID]error) {
	var out []charging.Free
	missing := map[charging.CompanyID]error{}
	for _, e := range evses {
		if e.Company() == c.silent {
			missing[c.silent] = context.DeadlineExceeded
			continue
		}
		out = append(out, charging.Free{EVSEID: e, Windows: []charging.Window{w}})
	}
	return out, missing
}

func (c *catalogue) Calendars(ctx context.Context, evses []charging.EVSEID, need, ask charging.Window) ([]charging.Free, map[charging.CompanyID]time.Time, map[charging.CompanyID]error) {
	c.asked = ask
	free, missing := c.Availability(ctx, evses, need)
	asOf := map[charging.CompanyID]time.Time{}
	for _, f := range free {
		asOf[f.EVSEID.Company()] = time.Now().Add(-3 * time.Second)
	}
	return free, asOf, missing
}

// counter is a front desk over fakes.
func counter(t *testing.T) (*Service, *sagas, *catalogue) {
	t.Helper()
	r := &records{kept: map[charging.TripID]trip.Plan{}, keys: map[string]trip.Admission{}, trips: map[charging.TripID]trip.Trip{}, plans: map[string]trip.Plan{}}
	s, c := &sagas{r: r}, &catalogue{}
	clock := func() time.Time { return now }
	service, err := New(Options{
		Self: "MAR", Records: r, Sagas: s, Catalogue: c, Now: clock, Models: s,
		Advisor: &Advisor{Network: road.Default(), Catalogue: c, Now: clock},
	})
	if err != nil {
		t.Fatal(err)
	}
	return service, s, c
}
