// Package upkeep is what the operator of a company types about its servers: sagas that are
// stuck, what a loss of data has left, peers, the broker, locks, and all of it in figures.
package upkeep

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
		c.locksCommand(), c.overviewCommand(), c.brokerCommand(), c.sagasCommand(), c.recoveryCommand(), c.peersCommand(),
	}
}
