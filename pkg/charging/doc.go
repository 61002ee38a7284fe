// Package charging is the vocabulary that every company of the federation
// shares: who a company is, what it offers (locations, EVSEs, tariffs), what a
// reservation is and which states it goes through, and what a saga may ask of a
// company. Words are those of OCPI 2.3.0 and its Bookings extension where it
// has one, and eMI3's for EVSE ids.
//
// One reservation, in the company that owns the EVSE:
//
//	(none) --claim--> CLAIMED --reserve--> PENDING --confirm--> RESERVED --start--> CHARGING --complete--> FULFILLED
//	(none) --reserve, or a claim that reserves--> PENDING         |
//	CLAIMED, PENDING --ttl--> EXPIRED                             +--compensate, withdrawn--> CANCELED
//	CLAIMED, PENDING --older ticket--> PREEMPTED                  +--noshow_timeout--> NO_SHOW
//	any of CLAIMED, PENDING, EXPIRED, PREEMPTED, or nothing yet --compensate--> CANCELED (a tombstone)
//
// At most one reservation in {CLAIMED, PENDING, RESERVED, CHARGING} covers any
// instant of an EVSE. What each word means beside the field's: docs/glossary.md. The package does no I/O.
package charging
