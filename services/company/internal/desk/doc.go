// Package desk is the near company: it checks what a saga asks of this company
// and lets its calendar decide, in one step, who gets an EVSE.
//
// One request, from the door to the answer:
//
//	ids, EVSE → location, window, TTL      refused here: INVALID_FIELD, UNKNOWN_EVSE, INVALID_WINDOW
//	ticket: signature, trip, age, issuer   refused here: TICKET_INVALID
//	Calendar.Hold                          one script over one location
//	an unsettled RESERVED in the way       its originator is asked; ABORTED: once more
//	leg 1 without a ticket                 the stamp of the grant is signed
//	preempted holds                        their originators are told, in the background
//
// No lock is held and no hold is granted while the network is waited for.
package desk
