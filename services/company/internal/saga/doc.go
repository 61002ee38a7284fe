// Package saga runs records: one journaled state machine per id, under a lease.
// What a record is, and what is done with it next, is its Kind's and its Machine's
// business (package booking); the engine knows neither.
//
// The states of a run, as its server sees it:
//
//	           Start            Step           nothing to do now
//	(no run) ────────▶ owned ────────▶ running ────────▶ idle
//	                     ▲                ▲                │ a command, or what it waits for
//	          TakeOver,  │                └────────────────┘
//	          Acquire    │                │ Park, Finish, GiveBack: the lease goes back
//	                     │                ▼
//	                     └───────────── parked          killed, frozen, cut off: the lease ends,
//	                                                    and another owner takes the record over
//
// The trust window. A run may show its record as the present one (Current) while
// its lease is held for certain, which is counted from before the store was asked,
// and while no write is under way. Outside of it only the journal tells. Every
// write names the epoch, which TakeOver and Acquire raise by one: a former owner
// that wakes up late is refused by the journal, and by each participant that has
// seen a higher epoch.
//
// Failure windows, and what closes each:
//
//	crash before Create is durable    nothing was asked of anybody
//	crash between two writes          the record names every id that may have been used: its next
//	                                  owner repeats the calls, with the same ids
//	an answer of the journal is lost  the write is repeated; nothing goes on without it
//	the lease is lost                 the run stops at once (Fatal), and writes nothing
//	crash after a command was done    its id is in the record (MarkDone): the next owner answers it,
//	and before it was answered        and does not do it again
//	a command for another's run       it lies in the inbox until whoever holds the lease answers it
//	the server stops                  Drain: a run is given back at its next safe point (Park)
//
// The files, read in this order:
//
//	coordinator.go  Start, Wait, Current, Drain
//	lease.go        look for open work, keep leases alive
//	commands.go     the queue of a run; take up a parked record; ids of what was done
//	forward.go      a command to the server that holds the lease
//	runs.go         the runs of this server, and their bound
//	run.go          Save, Park, Finish, Note, the snapshot
//	calls.go        attempts, back-off, raise of the epoch
//	options.go      Machine, Kind, Options
//	journal.go      what the engine needs of a store
//
// Words that are ours, beside the field's: docs/glossary.md.
package saga
