package main

import "runtime/debug"

// gcPercent lets a server's heap grow to five times what lives in it between
// two collections. A server's live heap is small (some 10 MB) and its garbage
// is requests: at Go's default of 100 collecting took up to a third of the
// trips a second (docs/performance.md).
const gcPercent = 400

// relaxGC applies gcPercent unless GOGC says otherwise.
func (c *cli) relaxGC() {
	if c.env("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
