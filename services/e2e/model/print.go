package model

import (
	"fmt"
	"strings"
)

// name of a trip: A is the oldest.
func name(t int) string { return string(rune('A' + t)) }

// String names an id: A2 is the second stop of trip A, A2' its second id.
func (i id) String() string {
	return fmt.Sprintf("%s%d%s", name(int(i.t)), i.l+1, strings.Repeat("'", int(i.g)))
}

func word(r rstate) string {
	switch r {
	case none:
		return "not there"
	case unsettled:
		return "RESERVED (unsettled)"
	case withdrawn:
		return "CANCELED (withdrawn)"
	}
	return string(rstateNames[r])
}

var kindNames = [...]string{"claim", "reserve", "confirm", "compensate", "start", "complete"}

// tell is one line about a step and what it led to.
func tell(to *world, s step) string {
	trip := name(int(s.of.t))
	var line string
	switch s.do {
	case vClaim, vReserve, vConfirm, vCompensate, vStart, vComplete:
		line = fmt.Sprintf("%s: %s %s at E%d: %s", trip, kindNames[s.kind], s.of, to.place(s.of).EVSE, s.answer)
		if s.lost && s.answer != unanswered {
			line += ", and the answer is lost"
		} else if s.lost {
			line += ", it is still on its way"
		}
	case vJournal:
		line = fmt.Sprintf("%s: journals %s", trip, s.to)
		if s.why != "" {
			line += ": " + s.why
		}
		if s.answer != ok {
			line += fmt.Sprintf(", because stop %d was refused: %s", s.of.l+1, s.answer)
		}
	case vNotice:
		line = fmt.Sprintf("%s: hears that %s is lost: %s", trip, s.of, s.answer)
		if s.lost {
			line = fmt.Sprintf("the notice that %s is lost gets lost itself", s.of)
		}
	case vOutcome:
		line = fmt.Sprintf("E%d asks what became of %s: %s", to.place(s.of).EVSE, s.of, s.about)
	case vLapse:
		line = fmt.Sprintf("%s lapses at E%d", s.of, to.place(s.of).EVSE)
	case vLate:
		line = fmt.Sprintf("late: %s %s arrives at E%d: %s", kindNames[s.kind], s.of, to.place(s.of).EVSE, s.answer)
	case vWithdraw:
		line = fmt.Sprintf("E%d goes out of service", s.of.t)
	case vContest:
		line = fmt.Sprintf("E%d asks its peers about the vehicle of %s: %s", to.place(s.of).EVSE, s.of, s.answer)
	case vAnswered:
		line = fmt.Sprintf("E%d answers the plug of %s: %s", to.place(s.of).EVSE, s.of, s.answer)
	case vStay:
		line = fmt.Sprintf("E%d ends the session of %s: the car never said that it left", to.place(s.of).EVSE, s.of)
	case vLook:
		line = fmt.Sprintf("%s: looks at %s: %s", trip, s.of, word(to.at(s.of).state))
	case vStranger:
		line = fmt.Sprintf("a stranger compensates %s", s.of)
	default:
		line = fmt.Sprintf(map[verb]string{
			vCrash: "%s: its server crashes", vDeath: "%s: its server dies for good", vTakeOver: "%s: another server takes over",
			vRestore: "%s: its journal is restored from before COMPENSATING", vWipe: "%s: its journal loses the trip",
			vFormer: "%s: the former owner writes CONFIRMED",
		}[s.do], trip)
	}
	return line
}

// String says where the trips and the calendars are.
func (w *world) String() string {
	var b strings.Builder
	for t := range w.sc.Trips {
		tr := &w.trips[t]
		fmt.Fprintf(&b, "%s is %s (owner %d)", name(t), tr.phase, tr.epoch)
		for i := range w.ids() {
			if int(i.t) == t && w.at(i).state != none {
				fmt.Fprintf(&b, ", %s at E%d %s", i, w.place(i).EVSE, word(w.at(i).state))
			}
		}
		b.WriteString("; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// String tells a violation, step by step.
func (v *Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", v.Kind, v.What)
	for n, line := range v.Trace {
		fmt.Fprintf(&b, "%4d  %s\n", n+1, line)
	}
	fmt.Fprintf(&b, "then  %s\n", v.End)
	return b.String()
}
