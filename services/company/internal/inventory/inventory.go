// Package inventory reads what a company offers, its locations, EVSEs, tariffs
// and booking terms, from a YAML file. It reports every problem it finds, each
// with file, line and reason, and lets no file with a problem through.
//
// The three companies of the demo are embedded.
package inventory

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Inventory is one company's checked file.
type Inventory struct {
	Company   charging.CompanyID
	Name      string // "Maré Volt"
	Terms     charging.Terms
	Locations []charging.Location // each with the tariffs its connectors name, and Terms
}

// Problem is one thing that is wrong in a file.
type Problem struct {
	File   string
	Line   int // from 1; 0 for the file as a whole
	Reason string
}

// String is "file:line: reason".
func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason) }

// Problems is the error of a file that does not pass: all that is wrong, by line.
type Problems []Problem

// Error lists the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// maxBytes bounds a file; the largest that makes sense is far below.
const maxBytes = 8 << 20

// Read reads and checks the file at path. The error is Problems where the content
// is wrong, another where the file cannot be read.
func Read(path string) (Inventory, error) {
	f, err := os.Open(path)
	if err != nil {
		return Inventory{}, fmt.Errorf("inventory: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return Inventory{}, fmt.Errorf("inventory: %w", err)
	}
	if info.Size() > maxBytes {
		return Inventory{}, Problems{{path, 0, fmt.Sprintf("has %d bytes; at most %d", info.Size(), maxBytes)}}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Inventory{}, fmt.Errorf("inventory: %w", err)
	}
	return Parse(filepath.ToSlash(path), data)
}

//go:embed mar.yaml ser.yaml caj.yaml
var files embed.FS

var defaults = sync.OnceValue(func() map[charging.CompanyID]Inventory {
	all := map[charging.CompanyID]Inventory{}
	for _, name := range []string{"mar.yaml", "ser.yaml", "caj.yaml"} {
		data, err := files.ReadFile(name)
		if err != nil {
			panic("inventory: " + err.Error())
		}
		inv, err := Parse(name, data)
		if err != nil {
			panic("inventory: the embedded file is wrong:\n" + err.Error())
		}
		all[inv.Company] = inv
	}
	return all
})

// Default is the embedded inventory of MAR, SER or CAJ. The caller must not change
// its slices.
func Default(id charging.CompanyID) (Inventory, bool) {
	inv, ok := defaults()[id]
	return inv, ok
}

// Companies are the ids of the embedded inventories, north to south.
func Companies() []charging.CompanyID { return []charging.CompanyID{"MAR", "SER", "CAJ"} }
