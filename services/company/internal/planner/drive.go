package planner

import (
	"math"

	"github.com/eletrovia/eletrovia/pkg/road"
)

// drive is the quickest drive between two spots, small, because there are very many.
// Below 0 km: no road leads.
type drive struct {
	km     float32
	second int32
}

func driveOf(l road.Leg, ok bool) drive {
	if !ok {
		return drive{km: -1}
	}
	return drive{float32(l.Km), int32(math.Ceil(l.Drive.Seconds()))}
}

func (d drive) seconds() int64 { return int64(d.second) }

// kmh is the mean speed, 0 for a drive of no length.
func (d drive) kmh() float64 {
	if d.second == 0 {
		return 0
	}
	return float64(d.km) * 3600 / float64(d.second)
}
