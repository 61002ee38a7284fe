// Package broker is a company's embedded MQTT 3.1.1 server: it lets cars and
// peer companies in, holds each to its own topics, hands what cars publish to
// one handler, and publishes what the company has to say.
//
//	car ── PUBLISH ──→ hook: whose topic? ──→ mailbox of the car ──→ workers ──→ Handler
//	                     │ not its own            │ full
//	                     └ acknowledged, dropped  └ Overflow (answers 429), dropped
//
// No car can block another or the server: the hook only queues, a car that
// does not read is written to for a bounded time and then let go, and every
// queue has an end. What is dropped is counted (Stats). QoS 1 to a slow or
// absent car can therefore be lost; the retained trip topic is what it reads
// when it comes back.
package broker
