// Package broker is how a company's server speaks MQTT 3.1.1 with cars and peer
// companies: on a server of its own (Broker), or as a client of one elsewhere
// (Remote). Either hands what cars publish to one handler, and publishes what
// the company has to say.
//
//	car ── PUBLISH ──→ whose topic? within its rate? ──→ queue of the car ──→ workers ──→ Handler
//	                     │ not its own      │ no             │ full
//	                     │                  └────────────────┴→ Overflow (answers 429), dropped
//	                     └ acknowledged, dropped
//
// No car can block another or the server: what is said is only queued, a car
// that sends too much is not read for a while, a car that does not read is
// written to for a bounded time and then let go, and every queue has an end.
// What is refused or dropped is counted by its reason (Stats). QoS 1 to a slow or
// absent car can therefore be lost; the retained trip topic is what it reads
// when it comes back.
//
// With a directory, the Broker's sessions, what they have not acknowledged, and
// retained messages outlive the process. What is delivered again is not in
// order, and may have been delivered before: a reply carries its request's id,
// a trip the time of its change, an alert its own.
package broker
