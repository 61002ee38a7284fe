// Package store is all that a company keeps in Redis: the calendars of its
// EVSEs, the journal of its trips, and what it remembers of vehicles and
// browsers.
//
// Six parts, one connection:
//
//	Calendar  who has which EVSE when; one Lua script per decision, over one location
//	Journal   trips, their epochs and leases, plans, idempotency keys
//	Registry  vehicles, revoked tokens, sessions, answers already given
//	Bus       what the servers that share the Redis tell each other
//	Audit     what operators asked for
//	Messages  what operators have said to drivers
//
// Whatever one script touches carries one hash tag, so the same scripts run on
// a single server, behind Sentinel and in a Redis Cluster. Time is Redis TIME;
// only windows are judged by the civil clock, where one is given.
//
// Errors: a decision that says no is a *charging.Refusal. When Redis cannot be
// asked, or does not take writes, it is a refusal with STORE_UNAVAILABLE, and
// nobody knows whether the step was taken; every step can be repeated. The end
// of the caller's context stays the context's error.
//
// docs/protocol.md §7 lists the keys, docs/glossary.md the words.
package store
