package trip

// Forwarded is something asked of a trip by a server of its company that does not
// have the trip's lease, for the one that has it. It is delivered at least once.
type Forwarded struct {
	// ID tells commands apart; a trip carries each out once.
	ID string
	// Body is the writer's business.
	Body []byte
	// Expires is when nobody waits for it any more: milliseconds since 1970 by
	// the clock of the company's store, which sets it.
	Expires int64
}
