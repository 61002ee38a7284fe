package board

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/simulator/fleet"
)

func status(real time.Duration, ended int) fleet.Status {
	return fleet.Status{
		At: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), Real: real, Cars: 4,
		Now:   map[fleet.Doing]int{fleet.OnTheRoad: 3, fleet.Plugged: 1},
		Ended: map[fleet.Ending]int{fleet.Arrived: ended}, Counts: map[fleet.Outcome]int{fleet.Reserved: 4},
	}
}

// TestPlain: a line now and then, and one at the end.
func TestPlain(t *testing.T) {
	var out bytes.Buffer
	w := Watch(&out, false)
	for s := range 15 {
		w(status(time.Duration(s)*time.Second, 0))
	}
	w(status(15*time.Second, 4))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "2026-03-02T08:00Z, planning 0, ready 0, driving 3, waiting 0, charging 1") ||
		!strings.Contains(lines[2], "arrived 4") || strings.Contains(out.String(), "\x1b") {
		t.Errorf("%s", out.String())
	}
}

// TestTerminal draws over what it has drawn.
func TestTerminal(t *testing.T) {
	var out bytes.Buffer
	w := Watch(&out, true)
	w(status(0, 0))
	first := strings.Count(out.String(), "\n")
	if strings.Contains(out.String(), "A\x1b[2K2026") || first < 10 {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	w(status(time.Second, 1))
	if !strings.HasPrefix(out.String(), "\x1b[12A") || strings.Count(out.String(), "\n") != first || first != 12 {
		t.Errorf("%d lines: %q", first, out.String())
	}
}
