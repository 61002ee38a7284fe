package overview

import (
	"math"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	// buckets of latencies: each is growth times as wide as the one before, from
	// first ms on; the last holds all that is longer, about two minutes.
	buckets = 84
	first   = 0.25
	growth  = 1.17
)

// counts are of one step.
type counts struct {
	reserves                 [buckets]uint32
	all                      uint32
	conflicts, compensations int
}

// count takes a line of a saga's journal.
func (c *counts) count(e trip.Entry) {
	switch e.Step {
	case "reserve":
		c.reserves[bucketOf(e.Millis)]++
		c.all++
		c.conflict(e)
	case "claim":
		c.conflict(e)
	case "compensate":
		if e.Answer == string(charging.Canceled) {
			c.compensations++
		}
	}
}

func (c *counts) conflict(e trip.Entry) {
	switch charging.Code(e.Answer) {
	case charging.CodeSlotTaken, charging.CodePriorityLost, charging.CodeHoldPreempted:
		c.conflicts++
	}
}

func (c *counts) add(more *counts) {
	for i, n := range more.reserves {
		c.reserves[i] += n
	}
	c.all += more.all
}

func bucketOf(ms float64) int {
	if ms <= first {
		return 0
	}
	return min(buckets-1, int(math.Ceil(math.Log(ms/first)/math.Log(growth))))
}

// p95 is an upper bound of the 95th percentile, ms, at most 17% too high; nil for none.
func (c *counts) p95() *float64 {
	if c.all == 0 {
		return nil
	}
	need, seen := uint32(math.Ceil(float64(c.all)*0.95)), uint32(0)
	for i, n := range c.reserves {
		if seen += n; seen >= need {
			ms := math.Round(first*math.Pow(growth, float64(i))*100) / 100
			return &ms
		}
	}
	return nil
}
