package charging

import "time"

// Limits are what a company lets others take of its EVSEs (docs/adr/0017-what-one-may-take.md). Each
// zero is no limit.
type Limits struct {
	// LongestDC and LongestAC are how long a window may be at an EVSE with and
	// without direct current. MaxWindow bounds both.
	LongestDC, LongestAC time.Duration
	// VehicleHours is what a vehicle may have booked here and not used yet.
	// NewHours and NewTrips (open trips) are for one that has never charged here.
	VehicleHours, NewHours time.Duration
	NewTrips               int
	// NoShow is how long a window that was not used goes on counting.
	NoShow time.Duration
	// Share is how much another company's trips may have of all EVSEs' hours, up
	// to how far ahead one can book: 0.25 is a quarter.
	Share float64
	// TripClaims and CompanyClaims are how many holds another company may have in
	// force, for one trip and in all.
	TripClaims, CompanyClaims int
}

// DefaultLimits are those of the contract (docs/protocol.md §5.3).
func DefaultLimits() Limits {
	return Limits{
		LongestDC: 4 * time.Hour, LongestAC: 12 * time.Hour,
		VehicleHours: 48 * time.Hour, NewHours: 12 * time.Hour, NewTrips: 2, NoShow: 7 * 24 * time.Hour,
		Share: 0.25, TripClaims: 24, CompanyClaims: 400,
	}
}

// Quota is what a desk adds to a request for its calendar, which counts.
type Quota struct {
	// Known is a vehicle that counts as having charged here.
	Known bool
	// Share is how many seconds of EVSEs the originator may have; zero: no limit.
	Share int64
}

// Counting reports whether anything is limited that has to be counted.
func (l Limits) Counting() bool {
	return l.VehicleHours > 0 || l.NewHours > 0 || l.NewTrips > 0 || l.Share > 0 || l.TripClaims > 0 || l.CompanyClaims > 0
}

// Longest is how long a window may be at an EVSE of a location: by its connectors,
// and by the location's terms where those are shorter.
func (l Limits) Longest(e EVSE, t Terms) time.Duration {
	longest := l.LongestAC
	for _, c := range e.Connectors {
		if c.DC() {
			longest = l.LongestDC
		}
	}
	if longest <= 0 || longest > MaxWindow {
		longest = MaxWindow
	}
	if t.LongestWindow > 0 && t.LongestWindow < longest {
		longest = t.LongestWindow
	}
	return longest
}
