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
// nothing: it happens beside. Passing refusals (charging.Code.Passing), failures
// (500) and what is yet to be carried out (202) are not kept.
//
// What a CONFIRMED trip asks is an alert that its broker keeps for the car until
// it is answered.
package carapi
