package trip

import "github.com/eletrovia/eletrovia/pkg/charging"

// Shift is a change of one or several stops of a CONFIRMED trip, whole or not
// at all (docs/adr/0004-moving-windows.md).
type Shift struct {
	Phase ShiftPhase `json:"phase"`
	Takes []Take     `json:"takes"`
}

// ShiftPhase says how far a Shift has come.
type ShiftPhase string

// The phases of a Shift.
const (
	// ShiftTake takes the new beside the old; the trip's legs are the old ones.
	ShiftTake ShiftPhase = "take"
	// ShiftRelease lets go of the old; the trip's legs are the new ones.
	ShiftRelease ShiftPhase = "release"
	// ShiftUndo lets go of the new; the trip's legs are the old ones.
	ShiftUndo ShiftPhase = "undo"
)

// Take is one stop of a Shift.
type Take struct {
	// Leg is the stop as it will be. It keeps its reservation id where its
	// window moves (InPlace), else it has a new one.
	Leg     Leg  `json:"leg"`
	InPlace bool `json:"moves"`
	// Old is the window as it was, Seq the number of the last move before.
	Old charging.Window `json:"old"`
	Seq int64           `json:"seq"`
}

// Union is the shortest window that covers the old and the new one.
func (t Take) Union() charging.Window {
	w := t.Leg.Window()
	if t.Old.Start.Before(w.Start) {
		w.Start = t.Old.Start
	}
	if t.Old.End.After(w.End) {
		w.End = t.Old.End
	}
	return w
}

// Taking lists what a shift in phase take asks companies for: the new stops with
// their new ids, and each stop whose window moves in the union of both. Nil
// otherwise: then the legs tell all.
func (s *Saga) Taking() []Leg {
	if s == nil || s.Shift == nil || s.Shift.Phase != ShiftTake {
		return nil
	}
	legs := make([]Leg, len(s.Shift.Takes))
	for i, k := range s.Shift.Takes {
		legs[i] = k.Leg
		if k.InPlace {
			w := k.Union()
			legs[i].Start, legs[i].End = w.Start, w.End
		}
	}
	return legs
}
