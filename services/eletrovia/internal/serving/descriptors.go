package serving

import (
	"syscall"
)

// Descriptors is how many files this process may have open: Go has raised it already.
func Descriptors() int {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return 1024
	}
	return int(min(l.Cur, 1<<30))
}
