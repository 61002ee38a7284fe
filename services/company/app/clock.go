package app

import (
	"fmt"
	"time"
)

// Clock is civil time: windows, plugging in and no-show are judged by it, TTLs
// never. It runs Speed times as fast as real time since Epoch, where the two
// were equal. The zero value is real time.
type Clock struct {
	Epoch time.Time
	// Speed 0 is 1.
	Speed float64
}

func (c Clock) real() bool { return c.Speed == 0 || c.Speed == 1 }

// Now is the civil instant.
func (c Clock) Now() time.Time {
	now := time.Now()
	if c.real() {
		return now
	}
	return c.Epoch.Add(time.Duration(float64(now.Sub(c.Epoch)) * c.Speed))
}

// Until is the real time from now to a civil instant.
func (c Clock) Until(t time.Time) time.Duration {
	if c.real() {
		return time.Until(t)
	}
	return time.Duration(float64(t.Sub(c.Now())) / c.Speed)
}

func (c Clock) validate() error {
	if c.Speed < 0 || c.Speed > 10_000 {
		return fmt.Errorf("speed %g: want a number from 1 to 10000", c.Speed)
	}
	if !c.real() && c.Epoch.IsZero() {
		return fmt.Errorf("speed %g needs an epoch: the instant at which civil time and real time were equal", c.Speed)
	}
	return nil
}
