package serving

import (
	"runtime/debug"

	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// gcPercent lets a server's heap grow to five times what lives in it between
// two collections. A server's garbage is requests, soon over: Go's default of
// 100 costs a tenth of the trips a second, more on a loaded machine
// (docs/performance.md).
const gcPercent = 400

// RelaxGC applies gcPercent unless GOGC says otherwise.
func RelaxGC(s *terminal.Session) {
	if s.Env("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// KeptMemory lets Go mark memory that it does not use now as free to take,
// instead of giving it back at once: a loaded server asks for it again within the
// second, and each page that comes back is cleared first, which took a tenth of the
// trips a second. It is read when a process begins, so it is set from outside: in
// compose/Dockerfile, and for the servers of bench --overload.
const KeptMemory = "GODEBUG=madvdontneed=0"
