// Package driver is what a driver types: plan, reserve, trips, decide, cancel, and where
// places and models are found.
package driver

import (
	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// commands are run by one session.
type commands struct{ *terminal.Session }

// Commands of this package, for one run of the program.
func Commands(s *terminal.Session) []*cobra.Command {
	c := commands{s}
	return []*cobra.Command{
		c.planCommand(), c.placesCommand(), c.modelsCommand(), c.reserveCommand(), c.tripsCommand(), c.decideCommand(), c.cancelCommand(),
	}
}
