// Package show writes what a command found: as JSON for programs, as plain
// lines where the output is piped, and with tables and colour on a terminal.
package show

import (
	"encoding/json"
	"fmt"
	"io"

	"charm.land/lipgloss/v2"

	"github.com/eletrovia/eletrovia/pkg/legible"
)

// Mode is how a command's output looks.
type Mode int

// The modes of output.
const (
	// Plain lines: no colour, columns apart by tabs, made for grep and cut.
	Plain Mode = iota
	// Fancy is for a terminal.
	Fancy
	// JSON is one value on standard output, and nothing else there.
	JSON
)

// Printer writes results to Out and what is said beside them to Err. The first
// error of a write is kept and ends all later ones.
type Printer struct {
	Out, Err io.Writer
	Mode     Mode
	// Colour is false on a terminal with NO_COLOR.
	Colour bool
}

// JSON writes the value, indented, when the mode is JSON, and says whether it did.
func (p Printer) JSON(v any) (bool, error) {
	if p.Mode != JSON {
		return false, nil
	}
	e := json.NewEncoder(p.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return true, e.Encode(v)
}

// Linef writes one line of the result.
func (p Printer) Linef(format string, a ...any) {
	_, _ = fmt.Fprintf(p.Out, format+"\n", a...)
}

// Notef writes one line beside the result, on Err.
func (p Printer) Notef(format string, a ...any) {
	_, _ = fmt.Fprintf(p.Err, format+"\n", a...)
}

// Next ends an output with the commands to type next.
func (p Printer) Next(commands ...string) {
	if p.Mode == JSON {
		return
	}
	for _, c := range commands {
		p.Linef("%s %s", p.Dim("next:"), c)
	}
}

// Dim, Bold, Good, Bad, Wait and Accent colour a word where colour is wanted.
func (p Printer) Dim(s string) string { return p.paint(s, lipgloss.NewStyle().Faint(true)) }

// Bold makes the word stand out.
func (p Printer) Bold(s string) string { return p.paint(s, lipgloss.NewStyle().Bold(true)) }

// Good is for what is done.
func (p Printer) Good(s string) string { return p.paint(s, colour("2")) }

// Bad is for what failed.
func (p Printer) Bad(s string) string { return p.paint(s, colour("1")) }

// Wait is for what is not decided.
func (p Printer) Wait(s string) string { return p.paint(s, colour("3")) }

// Accent is for names.
func (p Printer) Accent(s string) string { return p.paint(s, colour("6")) }

func colour(c string) lipgloss.Style { return lipgloss.NewStyle().Foreground(lipgloss.Color(c)) }

func (p Printer) paint(s string, style lipgloss.Style) string {
	if p.Mode != Fancy || !p.Colour || s == "" {
		return s
	}
	return style.Render(s)
}

// Clean makes text that came from a server fit for a terminal: it cannot move the
// cursor, end the line or turn the direction of writing.
func Clean(s string) string { return legible.Tame(s, len(s)) }
