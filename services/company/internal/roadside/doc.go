// Package roadside keeps booked trips alive: it follows each car that is on
// the way by its telemetry (package forecast), and acts before a stop is lost.
//
//	telemetry ──→ forecast of the next stop ── fine ──→ nothing; a proposal that is no longer needed is taken down
//	                     │ battery, late, short, early: twice in a row
//	                     ▼
//	              what else there is from here (planner)
//	                     │
//	      on_conflict: replan ──→ the trip's own server takes the best one (saga's shift: whole or not at all)
//	      any other            ──→ a proposal on the trip, and an alert to the car
//
// A trip may pass places before its next stop (docs/adr/0023-editing-a-plan.md): the forecast drives
// through those that are ahead, which only the reports can tell (passing).
//
// Only a report makes it act: silence changes nothing until the stop's company
// gives it up. Between two actions on one trip lies some time, and a forecast
// must be clearly good before what was said is taken back, so that noise does
// not flap. What it knows is in memory only: another server of the company, or
// the next life of this one, learns it again from the reports that follow, and
// finds trips, proposals and changes in the journal.
package roadside
