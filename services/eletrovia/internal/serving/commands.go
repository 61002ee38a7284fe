// Package serving runs one company's server as a process, and examines one: serve, doctor,
// healthcheck, keys, version.
package serving

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
		c.serveCommand(), c.keysCommand(), c.doctorCommand(), c.healthcheckCommand(), c.versionCommand(),
	}
}
