// Package planner chooses where, when and how much to charge on a journey.
//
// It is pure: what it knows of the world are its arguments, the stations and the
// free windows of their EVSEs, so the same question gets the same answer.
//
// The search is label-setting A* over the stations. A label is an arrival: at a
// station, at a time, with a charge, for a price. From there the car charges at each
// class of EVSE (power, kind of current, tariff; the one that is free first) either
// just enough for the next station, or to a few round levels, waits for the earliest
// gap that fits, and drives on. A label is dropped where another one at the station is
// at least as early, as full and as good. The lower bound of what is left is the
// quickest drive plus charging what is missing at the car's best power.
//
// A car charges where a connector has one of its plugs, at the best that fits. What the planner
// ignores: what an adapter costs in power, charging losses, hills, and leaving a charger
// before its window ends.
// docs/planner.md says more.
package planner
