package main

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// The scene of contention, at high speed: what is said is what is so.
func TestScenarioContention(t *testing.T) {
	p := begin(t, nil, "demo", "--http-port", "0", "--mqtt-port", "0", "--redis-port", "0", "--fleet", "0", "--scenario", "contention", "--step", "1ms")
	said := p.until(t, "--history", 2)
	all := strings.Join(said, "\n")
	for _, want := range []string{
		"Ana's trip is AWAITING_DECISION", "PENDING, Ana's:",
		"Bruno's trip is AWAITING_DECISION", "(PRIORITY_LOST)", "PENDING, Bruno's:",
		"Ana's trip is CONFIRMED", "  PREEMPTED", "Bruno's trip is CONFIRMED", "no lock is left", "Nothing was sold twice",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("it never said %q", want)
		}
	}
	if t.Failed() {
		t.Log(all)
	}
	// The commands that it ends with work, and show that Bruno was preempted.
	typed := regexp.MustCompile(`next: eletrovia (.*--history.*)`).FindAllStringSubmatch(all, -1)
	if len(typed) != 2 {
		t.Fatalf("%d commands at the end of\n%s", len(typed), all)
	}
	var out bytes.Buffer
	if code := run(t.Context(), strings.Fields(typed[0][1]), terminal.Shell{Out: &out, Err: io.Discard, Program: "eletrovia"}); code != 0 || !strings.Contains(out.String(), "PREEMPTED") {
		t.Errorf("exit %d: %s", code, out.String())
	}
	p.over(t)
}

// until reads on until a word was said n times.
func (p *running) until(t *testing.T, word string, n int) []string {
	t.Helper()
	limit := time.After(60 * time.Second)
	for {
		select {
		case line := <-p.lines:
			p.said = append(p.said, line)
			if strings.Contains(line, word) {
				n--
			}
			if n == 0 {
				return p.said
			}
		case code := <-p.code:
			t.Fatalf("ended with %d: %s\n%s", code, strings.Join(p.said, "\n"), p.errs)
		case <-limit:
			t.Fatalf("never said %q: %s", word, strings.Join(p.said, "\n"))
		}
	}
}

func TestScenarioRefusesWhatNobodyWrote(t *testing.T) {
	for _, args := range [][]string{
		{"demo", "--scenario", "opera"}, {"demo", "--scenario", "contention", "--json"}, {"demo", "--scenario", "contention", "--step", "-1s"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, terminal.Shell{Out: &out, Err: &errs, Program: "eletrovia"}); code != terminal.ExitUsage || out.Len() > 0 {
			t.Errorf("%v: exit %d, %s", args, code, errs.String())
		}
	}
}
