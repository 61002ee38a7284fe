// Package app is the only wiring of one company's server: it opens the store,
// puts the rooms together, listens, and takes everything down again in reverse
// order.
//
//	New      checks the options; nothing happens before they are good
//	Listen   binds REST, so that HTTPAddr is known; optional, for ":0"
//	Start    store → identity → desk → federation → booking → trips → broker → REST → peers
//	Stop     no new trips → those in flight reach a safe point → streams → listeners → store
//
// Several servers live in one process without knowing of each other: a test
// boots three companies, each on ":0", and tells them their addresses with
// SetPeers between Listen and Start.
package app
