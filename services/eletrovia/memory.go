package main

import "runtime/debug"

// gcPercent lets a server's heap grow to five times what lives in it between
// two collections. A server's garbage is requests, soon over: Go's default of
// 100 costs a tenth of the trips a second, more on a loaded machine
// (docs/performance.md).
const gcPercent = 400

// relaxGC applies gcPercent unless GOGC says otherwise.
func (c *cli) relaxGC() {
	if c.env("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
