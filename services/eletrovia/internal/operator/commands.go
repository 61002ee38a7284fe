// Package operator is what the operator of a company types about its chargers: who comes to
// them, what is out of service, what is offered, its vehicles, and what was done.
package operator

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
		c.calendarCommand(), c.bookingsCommand(), c.evsesCommand(), c.auditCommand(), c.inventoryCommand(), c.vehiclesCommand(),
	}
}
