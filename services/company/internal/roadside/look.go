package roadside

import (
	"context"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
	"github.com/eletrovia/eletrovia/services/company/internal/forecast"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

const (
	// callTimeout bounds what one look asks of the store and the companies.
	callTimeout = 20 * time.Second
	// persist is how often, and for how long (civil time), a verdict must last to
	// be acted on, and fine to take a proposal down.
	persist, lasting = 2, 3 * time.Minute
	// onTheRoad is the drive after which a car that is early is so for good.
	onTheRoad = 10.0
	// ahead is how long before its first window a trip is looked at.
	ahead = 12 * time.Hour
)

// look judges a car's next stop by its newest reports.
func (w *Watch) look(ctx context.Context, c *car) {
	reports, ids, act, stale := w.take(c)
	if len(reports) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if stale || c.trip == nil {
		if err := w.read(ctx, c, ids); err != nil {
			w.o.Warn("a car on the way is not judged by this report", "", err)
			return
		}
	}
	if c.trip == nil {
		return
	}
	k := nextStop(*c.trip)
	if k >= 0 && c.aimed != c.trip.Legs[k].ReservationID {
		w.aim(ctx, c, k)
	}
	for _, r := range reports {
		if !c.track.Hear(r) {
			continue
		}
		w.o.Seen(c.trip.ID, trip.Sight{At: r.Heard, Point: r.Point, SoC: r.SoC}, c.trip.Saga.Journey.Departure, act)
		if c.aimed != "" && k >= 0 && c.passing.sees(k, r.Point, r.Heard, r.SoC) {
			w.aim(ctx, c, k)
		}
	}
	if k < 0 || c.aimed == "" || !act {
		return
	}
	w.judge(ctx, c, k)
}

// read loads the trip that the car is on: the one whose windows come first.
func (w *Watch) read(ctx context.Context, c *car, ids []charging.TripID) error {
	had := c.trip
	c.trip = nil
	for _, id := range ids {
		t, err := w.o.Trips.Load(ctx, id)
		if charging.CodeOf(err) == charging.CodeUnknownTrip {
			continue
		}
		if err != nil {
			w.mu.Lock()
			c.stale = true
			w.mu.Unlock()
			return err
		}
		if t.State != trip.Confirmed || t.Saga == nil || t.Saga.Journey == nil || t.Span().Start.After(w.o.Now().Add(ahead)) {
			continue
		}
		if c.trip == nil || t.Span().Start.Before(c.trip.Span().Start) {
			c.trip = &t
		}
	}
	if c.trip == nil {
		return nil
	}
	if had == nil || had.ID != c.trip.ID || c.track == nil {
		r, err := planner.FromJourney(*c.trip.Saga.Journey)
		if err != nil {
			c.trip = nil
			return err
		}
		c.track, c.aimed = forecast.New(r.Vehicle), ""
		c.passing = newPassing(w.o.Network, r.Vehicle, *c.trip.Saga.Journey)
		c.verdict, c.times, c.calm, c.acted, c.said = forecast.Fine, 0, 0, time.Time{}, ""
	}
	return nil
}

// nextStop is the index of the stop that the car is driving to, −1 while it
// stands at a plug, or has none.
func nextStop(t trip.Trip) int {
	for k, l := range t.Legs {
		switch l.State {
		case charging.Charging:
			return -1
		case charging.Reserved:
			return k
		}
	}
	return -1
}

// aim points the tracker at a stop, by what the car still passes before.
func (w *Watch) aim(ctx context.Context, c *car, k int) {
	c.aimed = ""
	err := w.setOut(ctx, c, k)
	var way forecast.Way
	if err == nil {
		way, err = w.wayTo(ctx, c, k)
	}
	if err != nil {
		w.o.Warn("the way to a stop is not known", c.trip.ID, err)
		return
	}
	c.track.Aim(way)
	c.aimed = c.trip.Legs[k].ReservationID
}

// setOut notes where a car that drives to stop k has come from: the last stop that it made.
func (w *Watch) setOut(ctx context.Context, c *car, k int) error {
	made := 0
	for i, l := range c.trip.Legs[:k] {
		if l.State == charging.Fulfilled {
			made = i + 1
		}
	}
	if made == c.passing.made || len(c.passing.by) == 0 {
		return nil
	}
	j := c.trip.Saga.Journey
	point, from := j.From, sight{at: j.Departure, soc: j.SoC}
	if made > 0 {
		l := c.trip.Legs[made-1]
		loc, err := w.o.Sites.LocationOf(ctx, l.EVSEID)
		if err != nil {
			return err
		}
		point, from.at, from.soc = loc.Point, l.End, -1
		if l.Session.Over() {
			from.at = l.Session.EndedAt
			if l.Session.EndSoC > 0 {
				from.soc = l.Session.EndSoC
			}
		}
	}
	var err error
	if from.spot, err = w.o.Network.Locate(point); err != nil {
		return err
	}
	c.passing.setsOut(made, from)
	return nil
}

func (w *Watch) wayTo(ctx context.Context, c *car, k int) (forecast.Way, error) {
	loc, err := w.o.Sites.LocationOf(ctx, c.trip.Legs[k].EVSEID)
	if err != nil {
		return nil, err
	}
	spot, err := w.o.Network.Locate(loc.Point)
	if err != nil {
		return nil, err
	}
	course, err := planner.CourseTo(w.o.Network, c.passing.ahead(k), spot)
	if err != nil {
		return nil, err
	}
	return func(p geo.Point) (road.Leg, bool) {
		s, err := w.o.Network.Locate(p)
		if err != nil {
			return road.Leg{}, false
		}
		return course.From(w.o.Network, s)
	}, nil
}

// judge compares the forecast with the stop, and acts on what lasts.
func (w *Watch) judge(ctx context.Context, c *car, k int) {
	now := w.o.Now()
	f, ok := c.track.Forecast(now, stays(c.passing.ahead(k)))
	if !ok {
		return
	}
	c.passing.use = f.Use
	s, err := w.stop(ctx, c, k, f)
	if err != nil {
		w.o.Warn("a stop cannot be judged", c.trip.ID, err)
		return
	}
	v := f.Judge(s)
	started := !now.Before(c.trip.Saga.Journey.Departure)
	switch {
	case v == forecast.Early && c.track.DrivenKm() < onTheRoad, v != forecast.Fine && !started && c.track.DrivenKm() < onTheRoad:
		v = forecast.Fine // it has not set out yet
	}
	if v != c.verdict {
		c.verdict, c.times, c.since = v, 0, now
	}
	c.times++
	if v == forecast.Fine {
		w.calm(ctx, c, f.Calm(s))
		return
	}
	c.calm = 0
	if c.times >= persist && now.Sub(c.since) >= lasting && now.Sub(c.acted) >= w.o.Pause {
		w.act(ctx, c, k, v, f, s)
	}
}

// stop is what a forecast of leg k is judged by.
func (w *Watch) stop(ctx context.Context, c *car, k int, f forecast.Forecast) (forecast.Stop, error) {
	l, j := c.trip.Legs[k], c.trip.Saga.Journey
	loc, err := w.o.Sites.LocationOf(ctx, l.EVSEID)
	if err != nil {
		return forecast.Stop{}, err
	}
	r, err := planner.FromJourney(*j)
	if err != nil {
		return forecast.Stop{}, err
	}
	s := forecast.Stop{Start: l.Start, End: l.End, NoShow: loc.Terms.NoShowTimeout, Early: loc.Terms.EarlyPlug, Reserve: j.MinArrivalSoC}
	if s.NoShow == 0 || s.NoShow > l.End.Sub(l.Start) {
		s.NoShow = l.End.Sub(l.Start)
	}
	need, ok := w.need(ctx, c, k, r.Vehicle, f.Use)
	if ok {
		power := sessionAt(r.Vehicle, loc, l.EVSEID)
		s.Charge = func(arrive float64) time.Duration { return power.Time(arrive, need) }
	}
	return s, nil
}

// stays are how long a car stands at some places, all together.
func stays(by []trip.Waypoint) (stay time.Duration) {
	for _, at := range by {
		stay += at.Stay()
	}
	return stay
}

// need is the charge with which stop k must be left to reach what comes next, by what lies
// between.
func (w *Watch) need(ctx context.Context, c *car, k int, v vehicle.Vehicle, use float64) (float64, bool) {
	j := c.trip.Saga.Journey
	loc, err := w.o.Sites.LocationOf(ctx, c.trip.Legs[k].EVSEID)
	if err != nil {
		return 0, false
	}
	to := j.To
	if k+1 < len(c.trip.Legs) {
		next, err := w.o.Sites.LocationOf(ctx, c.trip.Legs[k+1].EVSEID)
		if err != nil {
			return 0, false
		}
		to = next.Point
	}
	a, err1 := w.o.Network.Locate(loc.Point)
	b, err2 := w.o.Network.Locate(to)
	if err1 != nil || err2 != nil {
		return 0, false
	}
	course, err := planner.CourseTo(w.o.Network, j.Between(k+1), b)
	if err != nil {
		return 0, false
	}
	leg, ok := course.From(w.o.Network, a)
	reserve := j.MinArrivalSoC
	if k+1 >= len(c.trip.Legs) {
		reserve = j.AtDestination()
	}
	return min(reserve+use*v.SoCFor(leg.Km, leg.Kmh()), 1), ok
}

// sessionAt is the vehicle at the connector of an EVSE that serves it best.
func sessionAt(v vehicle.Vehicle, loc charging.Location, evse charging.EVSEID) vehicle.Session {
	for _, e := range loc.EVSEs {
		if e.ID != evse {
			continue
		}
		c, ok := e.For(v.Plugs())
		if !ok { // whoever has booked it knows why
			c, _ = e.For(charging.AllPlugs())
		}
		return v.At(c.PowerKW, c.DC())
	}
	return vehicle.Session{}
}

// words say to a driver what the forecast is, of a drive that passes so many places.
func words(v forecast.Verdict, l trip.Leg, f forecast.Forecast, passes int) (charging.Code, string) {
	at, by := f.ArriveAt.UTC().Format("15:04"), ""
	if passes > 0 {
		by = fmt.Sprintf(" by the places before it (%d)", passes)
	}
	switch v {
	case forecast.Battery:
		return charging.CodeInfeasibleTrip, fmt.Sprintf("the battery would reach stop %d at %s%s with %.0f%%, below the reserve: it uses %.0f%% of what was planned",
			l.Leg, l.EVSEID, by, 100*max(f.ArriveSoC, 0), 100*f.Use)
	case forecast.Late:
		return charging.CodeTooLate, fmt.Sprintf("arrival at stop %d at %s is expected about %s (UTC), too late for the window from %s to %s",
			l.Leg, l.EVSEID, at, l.Start.UTC().Format("15:04"), l.End.UTC().Format("15:04"))
	case forecast.Short:
		return charging.CodeTooLate, fmt.Sprintf("stop %d at %s ends at %s (UTC), before what is needed is charged: arrival is expected about %s with %.0f%%",
			l.Leg, l.EVSEID, l.End.UTC().Format("15:04"), at, 100*max(f.ArriveSoC, 0))
	}
	return charging.CodeTooEarly, fmt.Sprintf("arrival at stop %d at %s is expected about %s (UTC), long before its window from %s on",
		l.Leg, l.EVSEID, at, l.Start.UTC().Format("15:04"))
}
