package director

import (
	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// why names the sentence that explains a message's answer, and whom else it names. others
// is who had something at the EVSE before, in the way of it.
func why(s api.StageStepped, others string, g *gate) (name, other string) {
	switch s.Answer {
	case "lost":
		return "no_answer", ""
	case string(charging.CodePriorityLost):
		return "older_ahead", others
	case string(charging.CodeSlotTaken):
		return "taken", others
	case string(charging.CodeHoldPreempted):
		return "hold_gone", ""
	}
	switch {
	case s.What == "claim" && others != "":
		return "claim_preempts", others
	case s.What == "claim":
		return "claim_granted", ""
	case s.What == "reserve":
		return "reserve_held", ""
	case s.What == "confirm" && g.did(s):
		return "confirm_again", ""
	case s.What == "compensate" && s.Late:
		return "late", others
	case s.What == "compensate":
		return "released", ""
	}
	return s.What, "" // confirm, preempted
}

// did reports whether the same was answered the same before.
func (g *gate) did(s api.StageStepped) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.saw(func(e api.StageStepped) bool {
		return e.What == s.What && e.Driver == s.Driver && e.EVSEID == s.EVSEID && e.Answer == s.Answer
	})
}
