// Package client speaks the REST API of a company: Client as another company
// does (a far charging.Company that a saga cannot tell from a near one), Driver
// as a driver or an operator does.
//
// A refusal comes back as the same *charging.Refusal that the other side made,
// so errors.Is works across the wire. Every other error means that nobody knows
// what happened: no connection, no answer in time, or rubbish for an answer.
// Rubbish is also a well-formed reservation that is not the one asked for.
package client
