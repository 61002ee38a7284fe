// Command rooms checks that every package of the workspace imports only what the house allows its room.
//
// The table is in rows.go. Each import out of place, each package without a row and each stray name at
// the top of the workspace is a line on standard output, and then the exit code is 1. It is a program
// and not a test, because a test that runs `go list` is wrongly cached.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	os.Exit(check(os.Stdout, os.Stderr))
}

// check returns the exit code: 0 all belongs, 1 something does not, 2 it could not be found out.
func check(stdout, stderr io.Writer) int {
	top, err := workspace()
	if err != nil {
		fmt.Fprintln(stderr, "rooms:", err)
		return 2
	}
	packages, err := load(top)
	if err != nil {
		fmt.Fprintln(stderr, "rooms:", err)
		return 2
	}
	names, err := topNames(top)
	if err != nil {
		fmt.Fprintln(stderr, "rooms:", err)
		return 2
	}
	house := table{rooms: rooms, anyTest: anyTest, modules: modules}
	wrong := append(house.check(packages), checkTop(names, topLevel)...)
	for _, line := range wrong {
		fmt.Fprintln(stdout, line)
	}
	if len(wrong) > 0 {
		fmt.Fprintf(stderr, "rooms: %d out of place; the table is in tools/rooms/rows.go\n", len(wrong))
		return 1
	}
	imports := 0
	for _, p := range packages {
		imports += len(p.imports)
	}
	fmt.Fprintf(stdout, "rooms: %d packages, %d imports, all where they belong\n", len(packages), imports)
	return 0
}
