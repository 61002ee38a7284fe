// Package identity knows who is calling: vehicles, operators, peer companies and
// browsers' sessions; and holds the keys with which a company signs tickets and
// vehicles' tokens, and with which it checks those of the others.
//
//	vehicle   vehicle_id + secret      a token signed by the company where it registered, or a secret of the configuration
//	operator  "operator" + secret      from the configuration
//	peer      a token, two minutes     signed by that company for this one alone; or a secret of the configuration
//	browser   a session's id           stands for one of the above, kept hashed
//
// A vehicle's id says which company vouches for it, and no other company's token for it
// counts: else anybody could register another's id elsewhere and read its trips.
//
// It knows no transport. Refusals are UNAUTHENTICATED, TICKET_INVALID and, where
// the registry cannot be asked, STORE_UNAVAILABLE.
package identity
