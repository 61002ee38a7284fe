//go:build unix

package door

import (
	"math"
	"syscall"
)

// Descriptors is how many files and connections this process may have open.
func Descriptors() int {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return math.MaxInt32
	}
	return int(min(uint64(l.Cur), math.MaxInt32))
}
