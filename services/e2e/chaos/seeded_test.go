package chaos

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/judge"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/link"
)

const (
	scripts = "services/company/internal/store/scripts/"
	sagas   = "services/company/internal/booking/"
)

// mistake is one that is built into the program.
type mistake struct {
	name  string
	edits []fleet.Edit
	rules []judge.Rule // one of these
}

// kerb reports whether it takes cars at plugs to see it.
func (m mistake) kerb() bool {
	return slices.Contains(m.rules, judge.OneBill) || slices.Contains(m.rules, judge.OneSession)
}

// long is how long drivers are let loose: cars at plugs take their time.
func (m mistake) long() time.Duration {
	if m.kerb() {
		return 12 * time.Second
	}
	return 8 * time.Second
}

// seeded are mistakes that somebody could make, and the rule that each breaks.
var seeded = []mistake{
	{
		"skip the overlap check",
		[]fleet.Edit{{File: scripts + "hold.lua", Old: "local taken, victims = clear(mine)", New: "local taken, victims = nil, {}"}},
		[]judge.Rule{judge.Overlap, judge.Linearizable},
	},
	{
		"forget one compensation",
		[]fleet.Edit{{
			File: sagas + "compensate.go", Old: "if l.State.Final() {\n\t\t\tcontinue\n\t\t}",
			New: "if l.State.Final() {\n\t\t\tcontinue\n\t\t}\n\t\tif l.Leg == 2 {\n\t\t\tl.State = charging.Canceled\n\t\t\tcontinue\n\t\t}",
		}},
		[]judge.Rule{judge.AllOrNothing, judge.NothingHeld},
	},
	{
		"confirm without a hold",
		[]fleet.Edit{
			{File: sagas + "reserve.go", Old: "if lost := r.takeStops(); lost != nil {", New: "if lost := r.takeStops(); lost != nil && r.cancel {"},
			{File: sagas + "confirm.go", Old: "if lost != nil {", New: "if lost != nil && r.cancel {"},
		},
		[]judge.Rule{judge.AllOrNothing, judge.Answers},
	},
	{
		"ignore the ticket",
		[]fleet.Edit{{File: scripts + "hold.lua", Old: "if granted == '' then return false end", New: "do return false end"}},
		[]judge.Rule{judge.Priority},
	},
	{
		"compensate a charging stop",
		[]fleet.Edit{{File: scripts + "compensate.lua", Old: leavesCharging, New: "if over(r) then return answer(r, true) end"}},
		[]judge.Rule{judge.OneBill},
	},
	{
		"let a second car plug in",
		[]fleet.Edit{
			{File: scripts + "start.lua", Old: looksAtThePlug, New: "local car = nil"},
			{File: scripts + "start.lua", Old: looksAtTheWindows, New: "local found = {}"},
		},
		[]judge.Rule{judge.OneSession},
	},
}

// What the mistakes about sessions take out.
const (
	leavesCharging    = "if over(r) or r.state == 'CHARGING' then return answer(r, true) end"
	looksAtThePlug    = "local car = plugged(at)"
	looksAtTheWindows = "local found = around(at, from, tonumber(start))"
)

// TestSeededMistakesAreCaught builds the program with one mistake at a time,
// lets drivers loose on it, and asks for a violation of the right kind.
func TestSeededMistakesAreCaught(t *testing.T) {
	t.Parallel()
	built(t)
	for k, m := range seeded {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			dir := short(t)
			bin := filepath.Join(dir, "bad")
			if err := fleet.Build(t.Context(), workspace, bin, m.edits...); err != nil {
				t.Fatal(err)
			}
			rep, err := Run(t.Context(), Options{
				Seed: uint64(k + 1), Duration: m.long(), Drivers: 24, Nemeses: -1, Rest: 5 * time.Second,
				Crowd: true, Kerb: m.kerb(), Links: link.Faults{Delay: 120 * time.Millisecond},
				Binary: bin, Dir: dir, Out: t.Output(),
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(rep.Last())
			found := rep.Verdict.Rules()
			t.Logf("found: %q", found)
			if !slices.ContainsFunc(m.rules, func(r judge.Rule) bool { return slices.Contains(found, r) }) {
				t.Errorf("broke none of %q, only %q", m.rules, found)
			}
		})
	}
}
