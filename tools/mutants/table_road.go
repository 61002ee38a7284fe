package main

// road are mistakes about the drives of a booked trip by what it passes.
func road() []mutant {
	at := func(file, old, now, unnoticed string, tests ...string) mutant {
		return mutant{File: file, Old: old, New: now, Unnoticed: unnoticed, Tests: tests}
	}
	return []mutant{
		at("pkg/trip/trip.go", "(k < 0 || s.FormerAt[k].CompanyID == who)", "k < len(s.FormerAt)", "whoever has overheard the id of a replaced stop is told of the trip", "trips"),
		at(rooms+"planner/replace.go", "rank += c.away(at.site, alt.Start)", "_ = c.away(at.site, alt.Start)", "of a trip given by hand the charger with the smallest id comes first, however far", "planner"),
		at(rooms+"planner/fitting.go", "c, ok := e.For(plugs)\n\t\tif !ok {", "c, ok := e.For(charging.AllPlugs())\n\t\tif !ok {", "a car is planned at a plug that it does not have", "planner"),
		at(rooms+"planner/replace.go", "if !c.p.fits(at, c.fit.plugs) {", "if false {", "a lost stop is replaced by a plug that the car does not have", "planner"),
		at(rooms+"planner/label.go", "h.to == dest && soc < s.r.atDestination()", "h.to == dest && soc < s.r.MinArrivalSoC", "a car comes to its destination with less than was asked for", "planner"),
		at(rooms+"planner/expand.go", "level = min(level, s.r.fullest())", "level = min(level, 1)", "a stop charges to more than was asked for", "planner"),
		at(rooms+"planner/replace.go", "need > most || here.soc > most ||", "need > 1 ||", "another stop charges to more than was asked for", "planner"),
		at(rooms+"trips/start.go", "if err := s.pluggable(ctx, t, s.plugsOf(ctx, t, req.Plugs)); err != nil {", "if err := error(nil); err != nil {", "a trip by hand is booked at a plug that the car does not have", "trips"),
		at(rooms+"trips/plan.go", "Arrival: req.MinArrivalSoC == nil, Destination:", "Arrival: true, Destination:", "a reserve that the driver gave is undercut", "trips"),
		at("pkg/trip/via.go", "if w.AfterLeg == stops {", "if false {", "another stop is offered that is not reached by what the trip passes", "planner"),
		at(rooms+"trips/start.go", "journey.Via = plan.Waypoints()\n", "", "a trip forgets what it passes as soon as it is booked", "trips"),
		at(rooms+"planner/course.go", "s.soc += c.car.", "_ = c.car.", "a place off the way takes no charge", "planner"),
		at(rooms+"planner/course.go", "seconds: int64(course.Stay / time.Second)", "seconds: 0", "a stay takes no time once a stop has moved", "planner"),
		at(rooms+"planner/onward.go", "for _, w := range here.Ahead {", "for _, w := range here.Ahead[:0] {", "a replan from the road forgets what is ahead", "planner"),
		at(rooms+"planner/onward.go", "w.AfterLeg > 0 {", "w.AfterLeg >= 0 {", "a replan from the road goes back to what is behind", "planner"),
		at(rooms+"roadside/passing.go", "here.Km >= nearest+max(there, min(nearest, turned)) || ", "", "a place that was passed is driven back to", "roadside"),
		at(rooms+"roadside/passing.go", "case p.last.soc < 0:", "case p.last.soc < 2:", "a rest counts as the drive by a place", "roadside"),
		at(rooms+"roadside/passing.go", "|| at.Before(p.starts)", "", "what a car does the day before makes its trip shorter", "roadside"),
		at(rooms+"roadside/look.go", "Forecast(now, stays(c.passing.ahead(k)))", "Forecast(now, 0)", "a stay on the way makes nobody late", "roadside"),
		at(rooms+"roadside/look.go", "j.Between(k+1), b", "nil, b", "too short a charge before a place is fine", "roadside"),
		at(rooms+"booking/notice.go", "drive += r.t.Saga.Journey.StayBetween(l.Leg - 1)", "", "a driver may choose until it is too late to stay where they meant to", "booking"),
	}
}
