package model

// The largest world.
const (
	maxTrips = 3
	maxLegs  = 3
	// maxIDs bounds the reservation ids that one stop may use up: a trip that
	// needs more gives up, like the saga after its bound of restarts.
	maxIDs   = 3
	maxEVSEs = 4
)

// Policy is what a trip may do about a stop that is refused; where a trip has
// several, every choice is walked.
type Policy uint8

// The policies of on_conflict.
const (
	Abort Policy = 1 << iota
	Wait
	Ask
	Replan
)

// Driver is how a trip's driver answers a decision. No deadline ends one.
type Driver uint8

// The drivers.
const (
	// Anything: gives up, waits, or takes the alternative.
	Anything Driver = iota
	// Silent drivers never answer.
	Silent
	// Patient ones never give up.
	Patient
)

// Stop is an EVSE and the slots of its calendar that a stop needs, a bit each.
// Every EVSE belongs to a company of its own.
type Stop struct {
	EVSE  uint8
	Slots uint8
}

// At is a stop that needs the whole window.
func At(evse uint8) Stop { return Stop{evse, 1} }

// Trip of a scenario. Trips are listed in the order of their tickets.
type Trip struct {
	Stops  []Stop
	Policy Policy
	Driver Driver
	// Booked trips begin as CONFIRMED, and in a world with one all go on to their
	// ends: cars plug in and leave, lost stops are asked about.
	Booked bool
	// Vehicle that the trip is made with; 0 is one of its own.
	Vehicle uint8
	// Instead is what a replan, a decision or a swap may take for a stop, by
	// the stop's index.
	Instead map[int]Stop
}

// Faults is how often each thing may go wrong, in one run of the world.
type Faults struct {
	// Lost answers: the request was executed, or not, and nobody heard.
	Lost uint8
	// Late messages: one that was sent before arrives (again).
	Late uint8
	// Timeouts: a caller stops repeating a call without an answer.
	Timeouts uint8
	// Lapses before their time of holds that are being renewed.
	Lapses uint8
	// Crashes of an originator, with take-over by another of its servers.
	Crashes uint8
	// Deaths of an originator, for good.
	Deaths uint8
	// Withdrawals of an EVSE from service.
	Withdrawals uint8
	// Restores of a journal from before COMPENSATING.
	Restores uint8
	// Wipes of a CONFIRMED trip's journal.
	Wipes uint8
	// Strangers compensate what is not theirs.
	Strangers uint8
}

// Wishes is how often drivers want something after or beside the booking.
type Wishes struct {
	// Cancels of a trip in any state before the end.
	Cancels uint8
	// Swaps of a booked stop for its Instead.
	Swaps uint8
	// Plugs of cars at a booked stop.
	Plugs uint8
	// Unplugs of cars; without one a car stays until its longest stay is over.
	Unplugs uint8
}

// Scenario is one small world.
type Scenario struct {
	Name   string
	Trips  []Trip
	Faults Faults
	Wishes Wishes
	Rules  Rules
	// OlderPeers are EVSEs, a bit each, whose companies pass over a claim's wish to
	// reserve: it leaves the stop CLAIMED, and the reserve follows.
	OlderPeers uint8
}

// place is the stop that an id of leg l asks for.
func (sc *Scenario) place(t, l int, instead bool) Stop {
	if instead {
		return sc.Trips[t].Instead[l]
	}
	return sc.Trips[t].Stops[l]
}

func (a Stop) overlaps(b Stop) bool { return a.EVSE == b.EVSE && a.Slots&b.Slots != 0 }

// goesOn reports whether the world goes beyond the bookings.
func (sc *Scenario) goesOn() bool {
	for t := range sc.Trips {
		if sc.Trips[t].Booked {
			return true
		}
	}
	return false
}

// oneVehicle reports whether two trips are made with the same vehicle.
func (sc *Scenario) oneVehicle(t, u uint8) bool {
	return t == u || sc.Trips[t].Vehicle != 0 && sc.Trips[t].Vehicle == sc.Trips[u].Vehicle
}
