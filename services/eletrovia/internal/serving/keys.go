package serving

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// keysCommand works on a company's key file, with the server running or not.
func (c commands) keysCommand() *cobra.Command {
	var data, file string
	path := func() (string, error) {
		switch {
		case file != "":
			return file, nil
		case data != "":
			return app.KeyFile(data), nil
		}
		return "", terminal.Usage(errors.New("say where the key is, with --data DIR or --key-file FILE"))
	}
	command := func(use, short, long, next string, act func(string) ([]string, error)) *cobra.Command {
		return &cobra.Command{
			Use: use, Short: short, Long: long,
			RunE: func(*cobra.Command, []string) error {
				at, err := path()
				if err != nil {
					return err
				}
				ids, err := act(at)
				if err != nil {
					return err
				}
				return c.showKeys(at, ids, next)
			},
		}
	}
	all := &cobra.Command{Use: "keys", Short: "Show, rotate or drop the keys with which a company signs"}
	all.AddCommand(
		command("show", "Show the thumbprints of the keys; one is made where there is none", "",
			"peers may pin them: ELETROVIA_KEY_%s=%s", app.Thumbprints),
		command("rotate", "Put a new key first: it signs, the old ones still verify",
			"A running server takes it over within ten seconds, its peers as soon as they see it. Peers that have pinned keys need the new thumbprint before. Several servers of a company share one file.",
			"once nothing signed with the old key is in use: eletrovia keys drop", app.RotateKeys),
		command("drop", "Take out all keys but the first",
			"What the others have signed ends: the secrets of vehicles that registered before the rotation, and tickets.", "", app.DropKeys),
	)
	f := all.PersistentFlags()
	f.StringVar(&data, "data", "", "the server's data directory")
	f.StringVar(&file, "key-file", "", "the key file, where it is elsewhere")
	return all
}

func (c commands) showKeys(path string, ids []string, next string) error {
	p := c.Printer()
	if done, err := p.JSON(map[string]any{"file": path, "keys": ids}); done {
		return err
	}
	var rows [][]string
	for i, id := range ids {
		rows = append(rows, []string{id, map[bool]string{true: "signs", false: "verifies"}[i == 0]})
	}
	p.Table([]string{"Thumbprint", "What it does"}, rows)
	if strings.Contains(next, "%s") {
		next = fmt.Sprintf(next, "MAR", strings.Join(ids, ","))
	}
	if next != "" {
		p.Next(next)
	}
	return nil
}
