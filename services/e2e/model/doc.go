// Package model is the booking protocol as a state machine that a computer can
// walk through: every order of messages, losses, repeats, lapses and crashes of
// a small world, breadth first, looking for one that breaks a promise.
//
// A world (Scenario) has up to three trips with tickets in age order, up to four
// EVSEs of different companies, and a budget for each kind of fault. Read it in
// this order:
//
//	rules.go     the rules of the protocol, each one a switch
//	scenario.go  what a world is made of
//	state.go     what there is to know about a world at one instant
//	company.go   what a company does with a request: the reservation's table
//	machine.go   what an originator does: the trip's table
//	confirm.go   … confirming, and the way back
//	booked.go    … after the booking: swap, cancel, withdrawn stops
//	plug.go      … a car at the plug: session by session to the trip's end
//	session.go   what a company does with a car at the plug
//	faults.go    what goes wrong
//	check.go     the promises
//	explore.go   the walk, and the way back to tell how a promise was broken
//	rows.go      the interleavings that broke earlier forms of the protocol
//
// Time is left out: a hold may lapse at any moment if the fault budget has a
// lapse left, and lapses for certain when nobody renews it. A wait or a decision
// has no deadline, so that trips which need one to get unstuck are found. An
// answer that is lost is asked for again; a message that was sent may arrive
// later once more, also from a former owner of the trip.
//
// Safety is an invariant of every state. Progress is: from every state that can
// be reached there is a way to a state where all trips are settled, along which
// nothing more goes wrong. A state without is a deadlock when it has no step at
// all, else a livelock.
package model
