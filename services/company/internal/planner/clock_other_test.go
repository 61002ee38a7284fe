//go:build !linux

package planner_test

import "time"

var began = time.Now()

// spent is the time since the start, where a thread's processor time is not known.
func spent() time.Duration { return time.Since(began) }
