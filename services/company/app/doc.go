// Package app is the only wiring of one company's server: it opens the store,
// puts the rooms together, listens, and takes everything down again in reverse
// order.
//
//	New      checks the options; nothing happens before they are good
//	Listen   binds REST, so that HTTPAddr is known; optional, for ":0"
//	Start    store → identity → desk → federation → booking → trips → broker → REST → peers
//	Stop     no new trips → those in flight reach a safe point → streams → listeners → store
//
// An App is that life; what works beside it while the server runs are its parts, each with
// the core that they share (options, log, rooms):
//
//	news         replicas.go, and figures, calendar, courier, roadside, audit: told and shown
//	trust        identity.go: keys, logins, what was revoked
//	suspender    suspend.go: the operator's words about peers
//	neighbours   peers.go: the other companies as seen from here
//	health       ready.go, settings.go: what /readyz says
//	stock        inventory.go: what is offered, and its file
//	carBroker    broker.go, brokerview.go
//
// wire.go has the order in which the rooms come into being.
//
// Several servers live in one process without knowing of each other: a test
// boots three companies, each on ":0", and tells them their addresses with
// SetPeers between Listen and Start.
package app
