// Package driven remembers what cars report on their trips, so that a trip can
// show its battery as it was driven beside as it was planned.
//
//	report that is believed (package roadside) ──→ Book: memory, 100 sights a trip
//	                                                 │ once a minute, where there is something new,
//	                                                 │ and when the server stops
//	                                                 ▼
//	                                     the field driven of the trip's record
//
// No report is waited for, and none is written by itself. A crash loses what was reported since the
// last minute: a straight line then leads over the gap. What nobody reports on is
// forgotten here after ten minutes, and read again when somebody asks or reports. Each server of a company hears
// all reports; that one keeps them which got them from the car.
package driven
