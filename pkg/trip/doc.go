// Package trip is a trip as its originating company sees it: an ordered list of
// charging stops that is booked whole or not at all, the states it goes
// through, the decisions it asks of its driver, and the events and journal
// entries that tell what happened.
//
//	RESERVING ---> CONFIRMING ---> CONFIRMED ---> COMPLETED
//	  |  ^  ^          | (refused: release all,      |
//	  v  |  +----------+  start again or give up)    +--> CANCELED  (canceled, or no stop is left)
//	AWAITING_DECISION  |
//	  |                v
//	  +------> COMPENSATING ---> ABORTED   (nothing stays held anywhere)
//
// The package does no I/O and holds no policy: services/company/internal/booking
// moves a trip along the arrows.
package trip
