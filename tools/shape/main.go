// Command shape prints how the code is cut, so that nobody has to guess when a
// package is to be split: the methods of the largest types, the longest files and
// functions, and, for each package whose comment gives a reading order, the arrows
// between its files that run back up.
//
// It holds the limits of limits.go, and exits with 1 where one is passed by what is no
// exception there.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	verbose := flag.Bool("v", false, "print every arrow that runs back up")
	flag.Parse()
	if err := run(*verbose); err != nil {
		fmt.Fprintln(os.Stderr, "shape:", err)
		os.Exit(1)
	}
}

func run(verbose bool) error {
	packages, err := load()
	if err != nil {
		return err
	}
	var house sizes
	for _, p := range packages {
		house.add(p)
	}
	house.print(os.Stdout)
	wrong := house.beyond(exceptions)
	for _, p := range packages {
		order, err := readingOrder(p)
		if err != nil {
			return err
		}
		if len(order) == 0 {
			continue
		}
		passed, err := judge(p, order, verbose)
		if err != nil {
			return err
		}
		wrong = append(wrong, passed...)
	}
	for _, w := range wrong {
		fmt.Fprintln(os.Stderr, w)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%d limits are passed (tools/shape/limits.go)", len(wrong))
	}
	return nil
}

// judge prints one package that has a reading order, and lists the limits that it
// passes.
func judge(p pkg, order []string, verbose bool) ([]string, error) {
	var own sizes
	own.add(p)
	all, err := arrowsOf(p)
	if err != nil {
		return nil, err
	}
	back := all.back(order)
	share := 0
	if len(all) > 0 {
		share = 100 * len(back) / len(all)
	}
	fmt.Printf("%s:\n", p.path)
	own.print(os.Stdout)
	fmt.Printf("arrows between its %d files: %d, back up: %d (%d%%)\n", len(order), len(all), len(back), share)
	if verbose {
		for _, a := range back {
			fmt.Printf("\t%s -> %s: %s\n", a.from, a.to, all[a])
		}
	}
	var wrong []string
	if share >= mostBack {
		wrong = append(wrong, fmt.Sprintf("%s: %d%% of the arrows between its files run back up; the limit is under %d%%", p.path, share, mostBack))
	}
	return wrong, nil
}
