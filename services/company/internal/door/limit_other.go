//go:build !unix

package door

import "math"

// Descriptors is how many files and connections this process may have open: here
// there is no such limit.
func Descriptors() int { return math.MaxInt32 }
