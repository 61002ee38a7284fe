// Command load puts a broker under the load of many cars, and tells what they
// noticed: how many messages were lost, how long each took from its publish to
// the handler, and what an idle car costs in memory.
//
//	this process ── cars (raw MQTT 3.1.1) ──→ broker process ──→ handler
//	                                          (Mosquitto: one process more)
//
// The broker runs in a process of its own, started by this one, so that what is
// measured of it is its own. Both are on one machine: they share its clock, and
// its cores.
package main
