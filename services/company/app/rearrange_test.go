package app

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/redisrig"
)

// rearrangements are three companies, SER on a redis-server, whose operator moves stops
// at an EVSE of SER while another vehicle books.
type rearrangements struct {
	*everywhere
	evse, next charging.EVSEID
	rival      *everywhere
}

func newRearrangements(t *testing.T) *rearrangements {
	t.Helper()
	r := redisrig.Start(t)
	m := newMatrixOf(t, func(o *Options) {
		generous(o)
		if o.Company == "SER" {
			o.Store = Store{URL: "redis://" + r.Addr}
		}
	})
	apps := map[charging.CompanyID]*App{"MAR": m.mar, "SER": m.ser, "CAJ": m.caj}
	w := &rearrangements{
		everywhere: &everywhere{matrix: m, apps: apps, owner: caller{user: "EV-0001", secret: DemoSecret}},
		rival:      &everywhere{matrix: m, apps: apps, owner: caller{user: "EV-0002", secret: DemoSecret}},
	}
	site := m.ser.rooms.desk.Locations(t.Context())[0]
	w.evse, w.next = site.EVSEs[0].ID, m.ser.rooms.desk.Locations(t.Context())[1].EVSEs[0].ID
	return w
}

// stop books one stop by hand for a vehicle; the trip may end ABORTED.
func (w *everywhere) stop(origin charging.CompanyID, evse charging.EVSEID, start time.Time, long time.Duration) (trip.Trip, error) {
	return w.driver(origin).CreateTrip(w.Context(), api.TripRequest{
		VehicleID: charging.VehicleID(w.owner.user), OnConflict: trip.Abort, Stops: []api.Stop{{EVSEID: evse, Start: start, End: start.Add(long)}},
	}, "", 20*time.Second)
}

// stands are the bookings at SER's EVSE from an instant on, for three hours.
func (w *rearrangements) stands(from time.Time) []charging.Reservation {
	w.Helper()
	all, err := w.ser.rooms.desk.Calendars(w.Context(), charging.Window{Start: from, End: from.Add(3 * time.Hour)}, "")
	if err != nil {
		w.Fatal(err)
	}
	for _, a := range all {
		if a.EVSEID == w.evse {
			return a.Entries
		}
	}
	return nil
}

// The owner extends or moves a stop of an own trip, or of another company's, in the same
// instant in which another vehicle books that time. It fails where both have it or nobody
// could tell who; where the trip and the calendar do not say the same; where something
// is left over, or half moved.
func TestTheOwnerMovesAStopWhileSomebodyBooks(t *testing.T) {
	w := newRearrangements(t)
	const rounds = 40
	begin := time.Now().Add(20 * time.Hour).UTC().Truncate(time.Hour)
	won := map[string]int{}
	for n := range rounds {
		origin := []charging.CompanyID{"SER", "MAR"}[n%2]
		start := begin.Add(time.Duration(n) * 3 * time.Hour)
		mine, err := w.stop(origin, w.evse, start, 30*time.Minute)
		if err != nil || mine.State != trip.Confirmed {
			t.Fatalf("%s: %+v, %v", origin, mine.Problem, err)
		}
		asked := charging.NewWindow(start, start.Add(time.Hour)) // an extension
		free := charging.NewWindow(start.Add(30*time.Minute), start.Add(time.Hour))
		if n/2%2 == 1 { // a move
			asked = charging.NewWindow(start.Add(40*time.Minute), start.Add(70*time.Minute))
			free = asked
		}
		var moved, rival error
		var theirs trip.Trip
		var both sync.WaitGroup
		both.Go(func() { moved = w.asks(t.Context(), mine, asked) })
		both.Go(func() { // a head start for the owner, of none to many requests
			for range n / 4 {
				_, _ = w.rival.driver("CAJ").Models(t.Context())
			}
			theirs, rival = w.rival.stop("CAJ", w.evse, free.Start, free.Duration())
		})
		both.Wait()
		if rival != nil {
			t.Fatal(rival)
		}
		won[w.judge(t, fmt.Sprintf("round %d, a trip of %s", n, origin), origin, mine, theirs, asked, free, moved)]++
	}
	t.Logf("won by %v", won)
	if won["owner"] == 0 || won["rival"] == 0 {
		t.Errorf("won by %v: no race", won)
	}
}

// asks has the operator of SER extend or move the first stop of a trip.
func (w *rearrangements) asks(_ context.Context, of trip.Trip, to charging.Window) error {
	l := of.Legs[0]
	q := api.OwnerRequest{Reason: "a race", Start: to.Start, End: to.End}
	if to.Start.Equal(l.Start) {
		q = api.OwnerRequest{Reason: "a race", Minutes: int(to.End.Sub(l.End).Minutes())}
		_, err := w.operator("SER").ExtendStay(w.Context(), l.ReservationID, q)
		return err
	}
	_, err := w.operator("SER").MoveBooking(w.Context(), l.ReservationID, q)
	return err
}

// judge holds what a round has left against who won it.
func (w *rearrangements) judge(t *testing.T, round string, origin charging.CompanyID, mine, theirs trip.Trip, asked, free charging.Window, moved error) string {
	t.Helper()
	now, err := w.driver(origin).Trip(t.Context(), mine.ID, 0)
	if err != nil || now.State != trip.Confirmed {
		t.Fatalf("%s: the trip is %s, %v", round, now.State, err)
	}
	is := now.Legs[0].Window()
	want, winner := []charging.Window{is}, "nobody"
	switch {
	case moved == nil && theirs.State == trip.Confirmed:
		t.Errorf("%s: both have %s", round, free)
	case moved == nil:
		winner = "owner"
		if !is.Equal(asked) {
			t.Errorf("%s: moved to %s, and the trip says %s", round, asked, is)
		}
	case theirs.State == trip.Confirmed:
		winner, want = "rival", append(want, free)
	}
	if code := charging.CodeOf(moved); moved != nil && (!is.Equal(mine.Legs[0].Window()) || code != charging.CodeSlotTaken && code != charging.CodePriorityLost) {
		t.Errorf("%s: %v, and the trip says %s", round, moved, is)
	}
	redisrig.Until(t, round+": what is let go of is free", func() bool { return len(w.stands(mine.Legs[0].Start)) == len(want) })
	for i, r := range w.stands(mine.Legs[0].Start) {
		if !r.Window.Equal(want[i]) || r.State != charging.Reserved || i == 0 && r.ID != now.Legs[0].ReservationID {
			t.Errorf("%s: the calendar has %s %s (%s), want %s", round, r.State, r.Window, r.ID, want[i])
		}
	}
	return winner
}

// What the owner of a charger may ask of another company's trip: its own stop, among its
// own EVSEs, an hour at most, and no less time; the same again is the same. It fails
// where a company moves what is not at its EVSE, or pushes a stop wherever it likes.
func TestWhatAnOwnerMayAskOfAnothersTrip(t *testing.T) {
	w := newRearrangements(t)
	start := time.Now().Add(20 * time.Hour).UTC().Truncate(time.Hour)
	mine, err := w.stop("MAR", w.evse, start, 30*time.Minute)
	if err != nil || mine.State != trip.Confirmed {
		t.Fatalf("%+v, %v", mine.Problem, err)
	}
	ask := func(from *App, to charging.EVSEID, w charging.Window) (api.Rearranged, error) {
		return from.rooms.federation.Rearrange(t.Context(), "MAR", mine.ID, api.Rearrange{ReservationID: mine.Legs[0].ReservationID, EVSEID: to, Start: w.Start, End: w.End})
	}
	at := func(from, to time.Duration) charging.Window {
		return charging.NewWindow(start.Add(from), start.Add(to))
	}
	_, err = ask(w.caj, w.evse, at(0, time.Hour))
	wantCode(t, "by who has no stop of it", err, charging.CodeUnknownTrip)
	_, err = ask(w.ser, "BR*CAJ*E0001*1", at(0, time.Hour))
	wantCode(t, "to another company", err, charging.CodeForbidden)
	_, err = ask(w.ser, w.evse, at(0, 20*time.Minute))
	wantCode(t, "shorter", err, charging.CodeForbidden)
	_, err = ask(w.ser, w.evse, at(61*time.Minute, 2*time.Hour))
	wantCode(t, "by more than an hour", err, charging.CodeForbidden)
	for range 2 {
		got, err := ask(w.ser, w.evse, at(0, time.Hour))
		if err != nil || got.ReservationID != mine.Legs[0].ReservationID || !got.End.Equal(start.Add(time.Hour)) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	m, err := w.operator("SER").MoveBooking(t.Context(), mine.Legs[0].ReservationID, api.OwnerRequest{Reason: "a crane", EVSEID: w.next, Start: start, End: start.Add(time.Hour)})
	if err != nil || m.Booking == nil || m.Booking.EVSEID != w.next || m.Booking.Origin != "MAR" || m.Booking.State != charging.Reserved {
		t.Fatalf("%+v, %v", m.Booking, err)
	}
	now, err := w.driver("MAR").Trip(t.Context(), mine.ID, 0)
	if err != nil || now.Legs[0].EVSEID != w.next || now.Legs[0].ReservationID != m.Booking.ReservationID {
		t.Errorf("the trip has %+v, %v", now.Legs[0], err)
	}
	if left := w.stands(start); len(left) != 0 {
		t.Errorf("left over: %+v", left)
	}
}

func wantCode(t *testing.T, what string, err error, want charging.Code) {
	t.Helper()
	if charging.CodeOf(err) != want {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}
