// Package booking books a trip whole or not at all, over companies that it cannot
// tell apart. It says what a trip does next; package saga runs it, and keeps it.
//
// Two kinds of "no" are kept apart everywhere. A refusal (charging.Refusal with a
// final code) is an answer. Anything else (time-out, broken connection, 503) means
// that nobody knows, and the same call with the same id is repeated.
//
// By state (machine.Step): what is done, where an answer leads, and what takes it
// back. Undone is always the same: each reservation id that the record names is
// compensated, in reverse order, until its company has acknowledged.
//
//	state              step       answer                  function, next state           taken back by
//	RESERVING          reserve 1  PENDING, ticket         takeFirst: the ticket is saved compensate
//	                   claim 2…n  PENDING                 claimFollowing                 compensate
//	                   reserve k  PENDING                 hold, of a claim that is not    compensate
//	                              all PENDING             book → CONFIRMING
//	                              refused                 conflict, by the policy:
//	                                ask                   askAbout → AWAITING_DECISION
//	                                wait                  wait → RESERVING
//	                                replan                replan → RESERVING, a new id   compensate the old id
//	                                abort                 giveUp → COMPENSATING
//	AWAITING_DECISION  renew      kept                    keepHolds
//	                              no decision in time     giveUp → COMPENSATING
//	CONFIRMING         confirm    all RESERVED            confirm → CONFIRMED
//	                              refused                 startAgain → RESERVING, new ids,
//	                                                      or COMPENSATING               compensate the old ids
//	COMPENSATING       compensate all acknowledged        release → ABORTED
//	                              unknown                 stuck → COMPENSATING, parked
//	CONFIRMED          –          the last window is over end → COMPLETED, CANCELED
//	at its end         compensate abandoned ids           sweep
//
// By command (machine.Receive). Under way is RESERVING, CONFIRMING, COMPENSATING
// and, but for Decide, AWAITING_DECISION:
//
//	command            under way             AWAITING_DECISION      CONFIRMED                            at its end
//	Decide             refused               decide → RESERVING     decideBooked: change, or let go      refused
//	                                         or COMPENSATING
//	Cancel             wishCancel            → COMPENSATING         cancelBooked → CONFIRMED, CANCELED   succeeds; COMPLETED refuses
//	Shift              refused               refused                change                               refused
//	Propose            refused               refused                propose                              refused
//	Plug, Unplug       refused               refused                plug, unplug                         plug, unplug: the bill
//	Notice             keepNotice            keepNotice             notice: ask about the lost stop      keepNotice
//	Retry              looked at now         looked at now          looked at now                        looked at now
//	Resolve            resolve, if stuck     resolve, if stuck      resolve, if stuck                    resolve, if stuck
//	Park (the engine)  parkNow in RESERVING  parkNow                –                                    –
//
// In a CONFIRMED trip a step is journaled before it is asked for, and its undoing
// only gives time back, so that no company can refuse it:
//
//	change   journal the shift → take the new, last stop first → journal it → let go of the old
//	         undone by finishShift: before the second journal write the new is let go of, after it the old
//	plug     journal which stop the car is at → start → journal CHARGING
//	         in doubt: finishPlugging reads the stop's company before that stop is changed
//	unplug   complete → journal the bill; one that comes before its plug is kept for it
//	cancel   journal the stops as CANCELED → compensate them (sweep)
//
// Failure windows besides the engine's, and what closes each:
//
//	crash while CONFIRMING            the next owner confirms again; a stop that lapsed turns all back
//	answer lost in CONFIRMING         a stop counts as released only when its company has said so
//	crash, or no answer, at a plug    the record names the stop: its company is read before it is changed
//	crash after a wish to cancel      the wish is in the record before it is answered
//
// The files, read in this order:
//
//	coordinator.go  what a trip can be asked
//	kind.go         what the engine must know of trips
//	machine.go      Step and Receive: the only switches
//	reserve.go      RESERVING: take every stop
//	conflict.go     a stop that cannot be had: ask, wait, replan, abort
//	decide.go       AWAITING_DECISION
//	confirm.go      CONFIRMING
//	booked.go       CONFIRMED, to its end
//	notice.go       what a company says about a stop
//	change.go       new stops in the place of others
//	cancel.go       the end of a trip, as far as it can be had
//	compensate.go   COMPENSATING, and what is left to release
//	session.go      a car plugs in, and leaves
//	span.go         the time that is the vehicle's
//	holds.go        holds: asked for, kept, lost
//	run.go          a trip in flight
//	calls.go        one call to a company
//	orders.go       commands, and how they are written
//	options.go      Options
//
// Words that are ours, beside the field's: docs/glossary.md.
package booking
