package bubbletest

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestMain(m *testing.M) { Main(m) }

// Timers that are overdue when they are read, by many goroutines at once: on two
// threads the race detector dies of this within seconds.
func TestOverdueTimersOfOneBubble(t *testing.T) {
	if raced() && runtime.GOMAXPROCS(0) != 1 {
		t.Fatalf("%d threads under the race detector", runtime.GOMAXPROCS(0))
	}
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			var all sync.WaitGroup
			for range 16 {
				all.Go(func() {
					for range 50 {
						due := time.NewTimer(time.Millisecond)
						time.Sleep(2 * time.Millisecond)
						<-due.C
					}
				})
			}
			all.Wait()
		})
	}
}
