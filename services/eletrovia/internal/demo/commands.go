// Package demo starts three companies in one process, with cars and scenes to watch, and
// drives fleets against servers that run.
package demo

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
		c.demoCommand(), c.fleetCommand(),
	}
}
