// Package elsewhere asks other companies about the trips of a vehicle that began
// there, for a vehicle that asks here (docs/adr/0020-every-server-knows-every-trip.md).
//
// A trip's originator is looked for in what this server remembers, then in what the
// vehicle has booked here, then at all peers at once. The request goes there as it
// came, once, with what shows that the vehicle has asked this company; the answer is
// the originator's. An originator that does not answer is Away: then there is what
// this company holds for the trip, and nobody knows whether an act was carried out.
//
// Nothing is forwarded that came from another company.
package elsewhere
