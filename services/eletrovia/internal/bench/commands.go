// Package bench measures: how many trips a second the federation books, and what floods and
// many readers cost.
package bench

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
		c.benchCommand(), c.floodCommand(), c.streamsCommand(),
	}
}
