// Package carapi is the driver API over MQTT: it takes what cars publish, asks
// the front desk what REST would ask, and publishes the answers, the trips as
// they change, and the company's own events for its peers.
//
//	broker ──Handle──→ envelope ──→ answered before? ── yes ──→ the first answer again
//	                                     │ no
//	                                     ▼
//	                      desk: plan, trip, decision, cancel, swap, …
//	                                     │ a trip: when it is settled or asks
//	                                     ▼
//	                            keep the answer ──→ ev/{vehicle}/reply/{request_id}
//
//	saga ──Changed──→ the newest of each trip ──→ ev/{vehicle}/trips/{trip_id}
//
// A car's messages are handled in order. Waiting for a trip to settle holds up
// nothing: it happens beside. Answers that ask to come again (429, 503) and
// failures (500) are not kept.
package carapi
