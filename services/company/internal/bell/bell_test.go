package bell

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestOneAfterTheOther: 500 readers are woken once each, by a ring and another right
// after it, within Spread, and nowhere more than a few of them at once.
func TestOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const readers, slots = 500, 50
		bells := make([]*Bell, readers)
		for i := range bells {
			bells[i] = New()
			defer bells[i].Stop()
		}
		for range 2 {
			for _, b := range bells {
				b.Ring()
			}
		}
		woken := 0
		for slot := range slots {
			time.Sleep(Spread / slots)
			synctest.Wait()
			now := 0
			for _, b := range bells {
				select {
				case <-b.C:
					now++
				default:
				}
			}
			if woken += now; now > 2*readers/slots {
				t.Errorf("%d of %d woken in part %d of %d", now, readers, slot, slots)
			}
		}
		if woken != readers {
			t.Errorf("%d woken of %d", woken, readers)
		}
	})
}

// TestOneThatDoesNotTake: what has been rung twice and not taken is there once, and a
// bell that was taken down wakes nobody.
func TestOneThatDoesNotTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New()
		for range 2 {
			b.Ring()
			time.Sleep(Spread)
			synctest.Wait()
		}
		if len(b.C) != 1 {
			t.Errorf("%d to take", len(b.C))
		}
		<-b.C
		b.Ring()
		b.Stop()
		time.Sleep(Spread)
		synctest.Wait()
		if len(b.C) != 0 {
			t.Error("it rang")
		}
	})
}
