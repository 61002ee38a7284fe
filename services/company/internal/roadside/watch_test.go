package roadside

import (
	"context"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const (
	carID = charging.VehicleID("EV-0001")
	evse  = charging.EVSEID("BR*MAR*E0001*1")
)

// world is everything around a Watch, with one car that drives from João Pessoa
// to a stop in Caruaru.
type world struct {
	t     *testing.T
	w     *Watch
	now   time.Time
	trip  trip.Trip
	route road.Route
	km    float64
	soc   float64
	use   float64

	alerts    []carlink.Alert
	proposals []*trip.Decision
	shifts    int
	refuse    error
	seen      []sighting
	asked     trip.Leg
	here      planner.Here
}

// sighting is what a Watch has said of a report.
type sighting struct {
	id     charging.TripID
	sight  trip.Sight
	leaves time.Time
	here   bool
}

func newWorld(t *testing.T, policy trip.Policy) *world {
	t.Helper()
	net := road.Default()
	point := func(name string) geo.Point {
		p, err := net.Place(name)
		if err != nil {
			t.Fatal(err)
		}
		return p.Point
	}
	from, to := point("João Pessoa, PB"), point("Caruaru, PE")
	route, err := net.Route(from, to)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, now: noon, route: route, soc: 0.75, use: 1}
	start := noon.Add(route.Drive + 10*time.Minute)
	w.trip = trip.Trip{
		ID: "019a0000-0000-7000-8000-00000000000a", VehicleID: carID, State: trip.Confirmed, OnConflict: policy,
		Legs: []trip.Leg{{Leg: 1, ReservationID: "r", CompanyID: "MAR", EVSEID: evse, Start: start, End: start.Add(time.Hour), State: charging.Reserved}},
		Saga: &trip.Saga{Journey: &trip.Journey{From: from, To: to, Departure: noon, SoC: 0.75, MinArrivalSoC: 0.1, VehicleModel: "byd-dolphin"}},
	}
	w.w, err = New(Options{
		Trips: w, Sagas: w, Advisor: w, Sites: w, Network: net, Now: func() time.Time { return w.now },
		Alert: func(_ charging.VehicleID, a carlink.Alert) { w.alerts = append(w.alerts, a) },
		Seen: func(id charging.TripID, s trip.Sight, leaves time.Time, here bool) {
			w.seen = append(w.seen, sighting{id, s, leaves, here})
		},
		Warn: func(msg string, _ charging.TripID, err error) { t.Errorf("%s: %v", msg, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.w.restore(t.Context())
	return w
}

func (w *world) Load(context.Context, charging.TripID) (trip.Trip, error) { return w.trip.Clone(), nil }

func (w *world) List(context.Context, trip.Query) ([]trip.Trip, int, error) {
	return []trip.Trip{w.trip}, 1, nil
}

func (w *world) Shift(_ context.Context, _ charging.TripID, legs []trip.Leg) (trip.Trip, error) {
	if w.refuse != nil {
		return w.trip, w.refuse
	}
	w.shifts++
	w.asked = legs[0]
	l := legs[0]
	l.ReservationID, l.End = "r2", noon.Add(24*time.Hour)
	w.trip.Legs = []trip.Leg{l}
	w.soc, w.use = 0.95, 0.6 // what is there now will do
	w.w.Changed(w.trip)
	return w.trip, nil
}

func (w *world) Propose(_ context.Context, _ charging.TripID, p *trip.Decision) (trip.Trip, error) {
	w.proposals = append(w.proposals, p)
	w.trip.Proposal = p
	w.w.Changed(w.trip)
	return w.trip, nil
}

func (w *world) Onward(_ context.Context, t trip.Trip, leg int, here planner.Here) ([]trip.Alternative, error) {
	w.here = here
	l := t.Legs[leg-1]
	return []trip.Alternative{{ID: "a", Leg: leg, CompanyID: l.CompanyID, EVSEID: l.EVSEID, Start: l.Start, End: l.End.Add(time.Hour)}}, nil
}

func (w *world) LocationOf(context.Context, charging.EVSEID) (charging.Location, error) {
	return charging.Location{
		Point: w.trip.Saga.Journey.To, Terms: charging.Terms{NoShowTimeout: 15 * time.Minute, EarlyPlug: 10 * time.Minute},
		EVSEs: []charging.EVSE{{ID: evse, Connectors: []charging.Connector{{ID: "1", Standard: "IEC_62196_T2_COMBO", PowerKW: 60}}}},
	}, nil
}

// drive goes on for so many km, reporting every two to this server or another.
func (w *world) drive(km float64, here bool) {
	for end := w.km + km; w.km < end; {
		w.km += 2
		w.now = w.now.Add(time.Duration(2 / w.route.Kmh() * float64(time.Hour)))
		w.soc -= w.use * 2 * 0.16 / 60.5
		w.report(here)
	}
}

func (w *world) report(here bool) {
	p := geo.Between(w.route.Points[0], w.route.Points[len(w.route.Points)-1], 0)
	length, left := 0.0, w.km/w.route.Km
	for i := 1; i < len(w.route.Points); i++ {
		length += geo.Distance(w.route.Points[i-1], w.route.Points[i])
	}
	left *= length
	for i := 1; i < len(w.route.Points); i++ {
		piece := geo.Distance(w.route.Points[i-1], w.route.Points[i])
		if left <= piece && piece > 0 {
			p = geo.Between(w.route.Points[i-1], w.route.Points[i], left/piece)
			break
		}
		left -= piece
	}
	w.w.Hear(carID, carlink.Telemetry{At: w.now, Lat: p.Lat, Lon: p.Lon, SoC: max(w.soc, 0), Discharge: carlink.Normal}, here)
	for c := w.w.next(); c != nil; c = w.w.next() {
		w.w.look(w.t.Context(), c)
		w.w.done(c)
	}
}

func TestAFineDriveIsLeftAlone(t *testing.T) {
	w := newWorld(t, trip.Replan)
	w.drive(200, true)
	if len(w.alerts)+len(w.proposals)+w.shifts > 0 {
		t.Errorf("alerts %+v, proposals %+v, %d shifts", w.alerts, w.proposals, w.shifts)
	}
}

func TestAMissIsProposedOnce(t *testing.T) {
	w := newWorld(t, trip.Ask)
	w.use = 1.8
	w.drive(120, true)
	if len(w.proposals) != 1 || len(w.alerts) != 1 || w.shifts != 0 {
		t.Fatalf("%d proposals, %d alerts, %d shifts", len(w.proposals), len(w.alerts), w.shifts)
	}
	if a := w.alerts[0]; a.Code != charging.CodeInfeasibleTrip && a.Code != charging.CodeTooLate || a.TripID != w.trip.ID || a.Leg != 1 || len(a.Proposal) == 0 {
		t.Errorf("%+v", a)
	}
}

func TestReplanChangesByItself(t *testing.T) {
	w := newWorld(t, trip.Replan)
	w.use = 1.8
	w.drive(120, true)
	if w.shifts != 1 || len(w.proposals) != 0 || len(w.alerts) != 1 {
		t.Errorf("%d shifts, %d proposals, %d alerts", w.shifts, len(w.proposals), len(w.alerts))
	}
}

// TestWhatCannotBeTakenIsProposed: a replan that is refused leaves the driver
// the choice.
func TestWhatCannotBeTakenIsProposed(t *testing.T) {
	w := newWorld(t, trip.Replan)
	w.use, w.refuse = 1.8, charging.Refuse(charging.CodeSlotTaken, "taken")
	w.drive(120, true)
	if w.shifts != 0 || len(w.proposals) == 0 || len(w.alerts) == 0 {
		t.Errorf("%d shifts, %d proposals, %d alerts", w.shifts, len(w.proposals), len(w.alerts))
	}
}

// TestAnotherServersCarIsOnlyLearnedFrom: whose broker has the report acts.
func TestAnotherServersCarIsOnlyLearnedFrom(t *testing.T) {
	w := newWorld(t, trip.Ask)
	w.use = 1.8
	w.drive(100, false)
	if len(w.alerts)+len(w.proposals) > 0 {
		t.Fatalf("alerts %+v", w.alerts)
	}
	w.drive(10, true)
	if len(w.proposals) != 1 {
		t.Errorf("%d proposals after the car came here", len(w.proposals))
	}
}

// TestSilenceChangesNothing: time alone is no news, however much of it.
func TestSilenceChangesNothing(t *testing.T) {
	w := newWorld(t, trip.Replan)
	w.drive(30, true)
	w.now = w.now.Add(40 * time.Minute)
	if c := w.w.next(); c != nil {
		t.Errorf("%s is looked at without a report", c.vehicle)
	}
	if len(w.alerts)+w.shifts > 0 {
		t.Errorf("alerts %+v, %d shifts", w.alerts, w.shifts)
	}
}

// TestAProposalGoesWithItsReason once the forecast is clearly good again.
func TestAProposalGoesWithItsReason(t *testing.T) {
	w := newWorld(t, trip.Ask)
	w.use = 1.8
	w.drive(90, true)
	if w.trip.Proposal == nil {
		t.Fatal("nothing is proposed")
	}
	w.trip.Saga.Journey.MinArrivalSoC = 0
	w.trip.Legs[0].End = noon.Add(24 * time.Hour)
	w.w.Changed(w.trip)
	w.use = 0.3
	w.drive(40, true)
	if w.trip.Proposal != nil {
		t.Errorf("it still proposes %+v", w.trip.Proposal)
	}
}

func TestCarsWithoutATripAreNotFollowed(t *testing.T) {
	w := newWorld(t, trip.Ask)
	w.w.Hear("EV-0099", carlink.Telemetry{At: noon, SoC: 0.5}, true)
	if c := w.w.next(); c != nil {
		t.Errorf("%s is followed", c.vehicle)
	}
	w.trip.State = trip.Completed
	w.w.Changed(w.trip)
	if n := w.w.Following(); n != 0 {
		t.Errorf("%d cars are followed after the trip", n)
	}
}

// TestACarThatPluggedInMeanwhileIsLeftAlone: the trip is not what the change was
// made for. It is read again, and nothing is proposed or alerted.
func TestACarThatPluggedInMeanwhileIsLeftAlone(t *testing.T) {
	for _, code := range []charging.Code{charging.CodeSessionOpen, charging.CodeUnknownAlternative} {
		w := newWorld(t, trip.Replan)
		w.use, w.refuse = 1.8, charging.Refuse(code, "it has changed")
		w.drive(120, true)
		if len(w.proposals)+len(w.alerts) > 0 {
			t.Errorf("%s: %d proposals, %d alerts", code, len(w.proposals), len(w.alerts))
		}
	}
}

// TestAChangeSaysWhatItRestsOn: the reservation, and the number of its moves.
func TestAChangeSaysWhatItRestsOn(t *testing.T) {
	w := newWorld(t, trip.Replan)
	w.trip.Legs[0].MoveSeq = 4
	w.w.Changed(w.trip)
	w.use = 1.8
	w.drive(120, true)
	if w.shifts != 1 || w.asked.ReservationID != "r" || w.asked.MoveSeq != 4 {
		t.Errorf("%d shifts, of %+v", w.shifts, w.asked)
	}
}

// TestAnOccupiedPlugStaysProposed: that the car comes in time does not free it.
func TestAnOccupiedPlugStaysProposed(t *testing.T) {
	w := newWorld(t, trip.Ask)
	w.trip.Proposal = &trip.Decision{Leg: 1, Code: charging.CodeEVSEOccupied}
	w.w.Changed(w.trip)
	w.trip.Legs[0].End = noon.Add(24 * time.Hour)
	w.use = 0.3
	w.drive(100, true)
	if w.trip.Proposal == nil {
		t.Error("it was taken down")
	}
}

// TestWhatIsBelievedIsSeen: shows a report that nobody remembers, one that cannot be and is remembered, and one of a car without a
// trip.
func TestWhatIsBelievedIsSeen(t *testing.T) {
	w := newWorld(t, trip.Ask)
	w.drive(20, true)
	w.drive(10, false)
	n := len(w.seen)
	if n != 15 || !w.seen[0].here || w.seen[n-1].here || w.seen[n-1].id != w.trip.ID || !w.seen[n-1].leaves.Equal(noon) {
		t.Fatalf("%d reports are seen: %+v", n, w.seen)
	}
	if s := w.seen[n-1].sight; !s.At.Equal(w.now) || s.SoC != w.soc || s.Point == w.seen[0].sight.Point {
		t.Errorf("the last one is %+v", s)
	}
	was := w.soc
	w.soc = 0.01
	w.report(true)
	w.soc = was
	done := w.trip.Clone()
	done.State = trip.Completed
	w.w.Changed(done)
	w.drive(10, true)
	if len(w.seen) != n {
		t.Errorf("seen, too: %+v", w.seen[n:])
	}
}
