package model

// SessionFroms are the states of the table that only a car at the plug leads to.
var SessionFroms = []string{"charging", "fulfilled"}

// SessionActions are what a car does at the plug. Whether they carry the epoch of
// a former owner makes no difference.
var SessionActions = []string{"start", "complete"}

// SessionTable is the part of the reservation's transition table that has to do
// with a car at the plug: start and complete in every state, and every action
// where a car charges or has charged. The windows of its lines have begun, or
// begin so soon that a car may plug in.
func SessionTable() []Line {
	var out []Line
	for _, from := range Froms {
		for _, action := range SessionActions {
			out = append(out, line(from, action, false))
		}
	}
	for _, from := range SessionFroms {
		for _, action := range SessionActions {
			out = append(out, line(from, action, false))
		}
		for _, action := range Actions {
			out = append(out, line(from, action, false))
		}
		for _, action := range StaleActions {
			out = append(out, line(from, action, true))
		}
	}
	return out
}

// plugTable is start with no peer that has anything to say.
func (w *world) plugTable(i id) answer {
	a := w.plugIn(i)
	if a == undecided {
		w.at(i).answered, a = true, ok
	}
	return a
}
