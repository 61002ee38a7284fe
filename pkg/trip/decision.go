package trip

import "slices"

// Ask puts a question to the driver, in the place of an earlier one about the
// same stop.
func (t *Trip) Ask(d Decision) {
	open := slices.DeleteFunc(slices.Clone(t.Decisions), func(o Decision) bool { return o.Leg == d.Leg })
	open = append(open, d)
	slices.SortFunc(open, func(a, b Decision) int { return a.Leg - b.Leg })
	t.questions(open)
}

// Answered takes the questions about some stops down; of none named, all.
func (t *Trip) Answered(legs ...int) {
	t.questions(slices.DeleteFunc(slices.Clone(t.Decisions), func(d Decision) bool {
		return len(legs) == 0 || slices.Contains(legs, d.Leg)
	}))
}

func (t *Trip) questions(open []Decision) {
	t.Decisions, t.Decision = open, nil
	if len(open) > 0 {
		first := open[0]
		t.Decision = &first
	} else {
		t.Decisions = nil
	}
}

// Question is what is asked about a stop; of leg 0, the first question. Nil for
// none.
func (t Trip) Question(leg int) *Decision {
	for i := range t.Decisions {
		if leg == 0 || t.Decisions[i].Leg == leg {
			return &t.Decisions[i]
		}
	}
	return nil
}
