// Package door counts the connections of one process, so that no address takes them
// all: docs/adr/0018-limits-that-one-cannot-exhaust.md has the rules.
//
// A connection begins as a stranger of its address. Once it has shown a right secret
// it is Known, and counts for that name instead. Where strangers are too many, of an
// address or in all, the address with most of them gives way: the one of it that has
// been quiet longest is closed, and a newcomer is let in. So whoever opens many
// connections closes his own.
package door
