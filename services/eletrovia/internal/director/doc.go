// Package director plays scenes of the priority rule for an audience, with real companies.
//
// A play starts three stores and three servers (company), which know each other by links.
// A link hands every message of a saga to the gate, which lets one travel at a time:
//
//	driver ─┐                          what happens: the servers' own answers
//	server ─┼→ link → gate → server    when it happens: the gate's, by Step, or Play and Pace
//	scene ──┘                          whose message is slow: the scene's
//
// While a play goes on, a look reads trips and calendars over the API and keys from the
// stores, several times a second; that picture, and the steps, is what visitors get. The
// last picture of a play stays when its processes have gone.
//
// docs/adr/0026-the-stage.md says why it is so.
package director
