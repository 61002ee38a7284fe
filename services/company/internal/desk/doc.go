// Package desk is the local company: it checks what a saga asks of this company
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
// A Desk is a façade. The parts behind it, each with only what it needs:
//
//	rules         may this be asked at all?                     check.go, quota.go
//	tickets       who began first?                              tickets.go, issued.go
//	holds         who gets a window, and until when?            hold.go, actions.go, move.go
//	outcomes      what became of a trip? (settler: by itself)   outcomes.go, settling.go
//	plugs         a car comes, charges, leaves                  plug.go
//	notices       what originators are told                     notices.go
//	operator      what the owner decides                        operator.go, cancel.go, suspend.go
//	records, calendars, availability, display                   what is read, and shown
//	patrol, tidying                                             what is due, and done by itself
//	dataLoss, recovery                                          a store that has lost data
//	ground        options, inventory, agendas: under all parts  ground.go
//
// No lock is held and no hold is granted while the network is waited for.
package desk
