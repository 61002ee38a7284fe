package demo

import (
	"errors"
	"fmt"

	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
	"github.com/eletrovia/eletrovia/simulator/scenario"
)

// scenarioContention is the one scenario that is played by hand; the others are
// the fleet's.
const scenarioContention = "contention"

// checkScenario refuses a scenario that nobody wrote, and one that a demo cannot
// play.
func (s stage) checkScenario(asJSON bool) error {
	switch {
	case s.scenario == "":
		return nil
	case s.scenario != scenarioContention:
		return s.checkFleetScenario()
	case asJSON:
		return terminal.Usage(errors.New("--scenario is to be watched; it has no --json"))
	case s.step < 0:
		return terminal.Usage(fmt.Errorf("--step %s: want 0 or more", s.step))
	}
	return nil
}

func (s stage) checkFleetScenario() error {
	play, err := scenario.Load(s.scenario)
	if err != nil {
		return terminal.Usage(fmt.Errorf("--scenario: %w; or %s, which two drivers play by hand", err, scenarioContention))
	}
	for _, e := range play.Events {
		if e.Down != "" {
			return terminal.Usage(fmt.Errorf("--scenario %s takes a company down, which a demo does not: eletrovia fleet --scenario %s does", s.scenario, s.scenario))
		}
	}
	return nil
}

// fleetScenario is the scenario that the demo's fleet plays; ok is false where it
// plays none.
func (s stage) fleetScenario() (play scenario.Scenario, ok bool) {
	if s.scenario == "" || s.scenario == scenarioContention {
		return play, false
	}
	play, err := scenario.Load(s.scenario)
	return play, err == nil // it was checked
}
