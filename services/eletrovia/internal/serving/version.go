package serving

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// build is what the program knows about its own making.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func thisBuild() build {
	b := build{Version: "devel", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func (c commands) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say which build this is",
		RunE: func(*cobra.Command, []string) error {
			p, b := c.Printer(), thisBuild()
			if done, err := p.JSON(b); done {
				return err
			}
			p.Linef("eletrovia %s %s %s %s/%s", b.Version, terminal.OrElse(b.Revision, "-"), b.Go, b.OS, b.Arch)
			return nil
		},
	}
}
