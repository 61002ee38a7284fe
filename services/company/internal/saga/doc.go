// Package saga books a trip whole or not at all, over companies that it cannot
// tell apart, with a journal that survives it.
//
// One trip, forward:
//
//	book     reserve stop 1 → its company stamps the ticket → journal it
//	         claim stops 2..n in parallel (the priority on the following stretches)
//	         reserve stops 2..n in order
//	confirm  journal CONFIRMING → confirm all → journal CONFIRMED → tell the driver
//
// and back: every reservation id that the journal names is compensated, in
// reverse order, until each company has acknowledged.
//
// Two kinds of "no" are kept apart everywhere. A refusal (charging.Refusal with
// a final code) is an answer. Anything else (time-out, broken connection, 503) means that
// nobody knows, and the same call with the same id is repeated.
//
// Failure windows, and what closes each:
//
//	crash before Create is durable      nothing was asked of anybody
//	crash after any call                the record names all ids: the next owner repeats or compensates them
//	crash while CONFIRMING              the next owner confirms again; a stop that lapsed turns all back
//	answer lost in CONFIRMING           a stop counts as released only when its company has said so
//	crash, or no answer, at a plug      the record names the stop: its company is read before that stop is changed
//	crash after a wish to cancel        the wish is in the record before it is answered
//	a former owner wakes up late        its epoch is refused by journal and companies alike
//
// One goroutine owns one trip; commands and notices reach it through its
// mailbox.
package saga
