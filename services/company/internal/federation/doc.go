// Package federation finds companies: a company id becomes the local desk or a
// remote peer, and whoever calls cannot tell which.
//
// A call to a peer passes, in this order, its concurrency limit, its circuit
// breaker and its time-out. What comes out is one of three things:
//
//	an answer             the peer has decided
//	a *charging.Refusal   the peer has decided; or PEER_UNAVAILABLE: nothing was sent
//	any other error       nobody knows whether the peer has executed the call
//
// Beside the calls, one probe per peer keeps what is known of it: its health, its
// clock's offset, its public keys. A catalogue keeps the locations of the whole
// federation.
package federation
