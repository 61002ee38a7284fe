// Package httpapi is one company's REST server: the driver API, the federation
// API and the pages about the server itself, as pkg/api/openapi.yaml has them.
//
//	frame      request id and trace, body bound, panics, refusals → problems, metrics
//	guard      rate limit and caller: anybody, known, operator, peer
//	handler    path and body → front desk or desk → JSON, written once
//
// Each group of routes is a type with a method routes, by who calls and what about:
//
//	plansAPI          plans.go, pickers.go                           plans; places, models and what is offered
//	tripsAPI          trips.go, triplist.go, decisions.go            a driver's trips
//	vehiclesAPI       vehicles.go, plug.go                           a vehicle's name, secrets and plug
//	eventsAPI         events.go, snapshot.go                         streams
//	sessionsAPI       sessions.go, sessionlist.go                    browsers that log in and out
//	stageAPI          stage.go                                       the play of a demo
//	operatorAPI       operators.go, figures.go, audit.go, messages.go, recovery.go, inventory.go
//	ownerAPI          owner.go, calendars.go, steps.go               the operator about bookings and EVSEs
//	peersAPI          peers.go                                       the operator about other companies
//	federationAPI     federation.go                                  peers about the company and its trips
//	reservationsAPI   reservations.go                                peers about this company's EVSEs
//	pagesAPI          meta.go, ready.go, metrics.go, docs.go         health, contract, the web app
//
// Server is what is around them all, routes.go makes them and lists what they serve.
//
// It decides nothing: what is refused here is what can be judged by the request
// and its caller alone. There is no access log; what fails inside is logged once.
package httpapi
