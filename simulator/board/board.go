// Package board shows how a fleet fares while it is under way: a few lines that
// change in place on a terminal, one line at a time elsewhere.
package board

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/simulator/fleet"
)

// every is how often a plain line is written.
const every = 10 * time.Second

// Watch gives a function for fleet.Options.Watch. On a terminal the lines are
// drawn over each other.
func Watch(out io.Writer, terminal bool) func(fleet.Status) {
	if terminal {
		drawn := 0
		return func(s fleet.Status) { drawn = draw(out, s, drawn) }
	}
	last := -every
	return func(s fleet.Status) {
		if s.Real-last >= every || over(s) >= s.Cars {
			last = s.Real
			fmt.Fprintln(out, Line(s))
		}
	}
}

// over is how many journeys have ended.
func over(s fleet.Status) int {
	n := 0
	for _, v := range s.Ended {
		n += v
	}
	return n
}

// Line is the status in one line.
func Line(s fleet.Status) string {
	parts := []string{s.At.Format("2006-01-02T15:04Z")}
	for _, d := range fleet.Doings() {
		parts = append(parts, fmt.Sprintf("%s %d", d, s.Now[d]))
	}
	for _, e := range fleet.Endings() {
		if n := s.Ended[e]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", e, n))
		}
	}
	return strings.Join(parts, ", ")
}

const barWidth = 40

// draw writes the lines over those that were drawn before, and gives how many
// there are.
func draw(out io.Writer, s fleet.Status, before int) int {
	var b strings.Builder
	if before > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", before)
	}
	lines := 0
	row := func(format string, args ...any) {
		fmt.Fprintf(&b, "\x1b[2K"+format+"\n", args...)
		lines++
	}
	bar := func(name string, n int) {
		row("  %-12s %6d  %s", name, n, strings.Repeat("█", min(n*barWidth/max(s.Cars, 1)+min(n, 1), barWidth)))
	}
	row("%s civil, %s real: %d cars, %d journeys ended", s.At.Format("2006-01-02 15:04Z"), s.Real.Round(time.Second), s.Cars, over(s))
	for _, d := range fleet.Doings() {
		bar(string(d), s.Now[d])
	}
	for _, e := range []fleet.Ending{fleet.Arrived, fleet.Lost, fleet.Empty} {
		bar(string(e), s.Ended[e])
	}
	others := 0
	for e, n := range s.Ended {
		if e != fleet.Arrived && e != fleet.Lost && e != fleet.Empty {
			others += n
		}
	}
	bar("ended else", others)
	row("  planned %d, reserved %d, decided %d, replanned %d, alerts %d, connections lost %d",
		s.Counts[fleet.Planned], s.Counts[fleet.Reserved], s.Counts[fleet.Decided], s.Counts[fleet.Replanned],
		s.Counts[fleet.Alerted], s.Counts[fleet.Disconnected])
	_, _ = io.WriteString(out, b.String())
	return lines
}
