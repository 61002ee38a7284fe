package charging

import "time"

// Premises are EVSEs whose calendars lie under one location, with the no-show
// time of their bookings.
type Premises struct {
	Location LocationID
	EVSEs    []EVSEID
	NoShow   time.Duration
}

// Due is what waits to be done at premises.
type Due struct {
	// Next is when an entry of the calendars may have to be tidied, in civil
	// time; zero without entries.
	Next time.Time
	// Notices is how many of the location wait for an acknowledgement.
	Notices int
	// Unsettled is when the oldest RESERVED of the location that nobody has
	// settled was confirmed, by this machine's clock; zero without one.
	Unsettled time.Time
	// Begun is true where an entry of the calendars has begun: a car may be at a
	// plug.
	Begun bool
	// Out are the EVSEs of the location that are out of service, and why.
	Out map[EVSEID]string
}
