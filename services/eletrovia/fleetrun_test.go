package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/services/e2e/program"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// fleetRun runs one fleet and reads the last line.
func fleetRun(t *testing.T, args ...string) (map[string]any, int, string) {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), append([]string{"fleet"}, args...), terminal.Shell{Out: &out, Err: &errs, Program: "eletrovia"})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var got map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &got); err != nil {
		t.Fatalf("the last line is no summary: %v\n%s\n%s", err, out.String(), errs.String())
	}
	return got, code, errs.String()
}

// TestFleet drives thirty cars to the end of their journeys: whatever happens to
// them, what must hold holds.
func TestFleet(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	dir := t.TempDir()
	file, play := filepath.Join(dir, "fleet.html"), filepath.Join(dir, "play.yaml")
	// Nobody stays at home: a trip that nobody makes is open until its windows end.
	err := os.WriteFile(play, []byte("{cars: 20, over: 2h, odds: {no_show: 0, overstay: 0.2}, from: [\"Natal, RN\", \"João Pessoa, PB\", \"Recife, PE\"], to: [\"Recife, PE\", \"Caruaru, PE\", \"Maceió, AL\", \"Patos, PB\"]}\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	got, code, errs := fleetRun(t, "--json", "--scenario", play, "--cars", "30", "--seed", "11", "--speed", "1500", "--report", file)
	if code != terminal.ExitDone || got["good"] != true {
		t.Errorf("exit %d, %v\n%s", code, got, errs)
	}
	if got["cars"] != 30.0 || got["seed"] != 11.0 || got["draws"] == "" || got["locks_left"] != 0.0 || got["trips_open"] != 0.0 {
		t.Errorf("%v", got)
	}
	if arrived, _ := got["done"].(float64); arrived < 10 {
		t.Errorf("only %v of 30 cars have arrived: %v", arrived, got)
	}
	if raw, err := os.ReadFile(file); err != nil || !bytes.Contains(raw, []byte("<svg")) {
		t.Errorf("no report: %v", err)
	}
}

// TestFleetCompanyDown takes a company's server down in the middle, and brings it
// back: nothing is lost that must hold.
func TestFleetCompanyDown(t *testing.T) {
	if !program.Long() {
		t.Skip("takes a minute; set ELETROVIA_LONG=1")
	}
	play := filepath.Join(t.TempDir(), "play.yaml")
	err := os.WriteFile(play, []byte("{cars: 12, seed: 3, over: 1h, odds: {no_show: 0}, to: [\"Recife, PE\", \"Caruaru, PE\", \"Maceió, AL\"],"+
		" events: [{at: 3h, for: 2h, down: SER}, {at: 4h, for: 2h, outage: CAJ}]}\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	got, code, errs := fleetRun(t, "--json", "--scenario", play, "--speed", "900")
	if code != terminal.ExitDone || got["scene"] != 4.0 || got["good"] != true {
		t.Errorf("exit %d, %v\n%s", code, got, errs)
	}
}

func TestFleetUsage(t *testing.T) {
	for args, want := range map[string]string{
		"--cars 0":           "--cars",
		"--speed 9999":       "--speed",
		"--journeys 0":       "--journeys",
		"--over -1h":         "--over",
		"--scenario nothing": "holiday-exodus",
		"--wings":            "wings",
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"fleet"}, strings.Fields(args)...), terminal.Shell{Out: &out, Err: &errs, Program: "eletrovia"})
		if code != terminal.ExitUsage || !strings.Contains(errs.String(), want) || out.Len() > 0 {
			t.Errorf("%s: exit %d, %s%s", args, code, out.String(), errs.String())
		}
	}
}
