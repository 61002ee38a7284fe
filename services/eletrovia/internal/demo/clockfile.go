package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// clockFile keeps a fast civil clock's beginning beside the data that was
// written by it: without it, civil time would fall back at the next start.
const clockFile = "clock.json"

// clock of the demo: real time, or one that began with the data directory.
func (s stage) clock(now time.Time) (app.Clock, error) {
	clock := app.Clock{Epoch: now.UTC().Truncate(time.Second), Speed: s.speed}
	if s.data == "" || clockIsReal(clock) {
		return clock, nil
	}
	path := filepath.Join(s.data, clockFile)
	raw, err := os.ReadFile(path)
	if err == nil {
		var kept app.Clock
		if err := json.Unmarshal(raw, &kept); err != nil {
			return clock, fmt.Errorf("%s: %w", path, err)
		}
		if kept.Speed != s.speed {
			return clock, terminal.Usage(fmt.Errorf("%s was begun with --speed %g; keep it, or take another --data", s.data, kept.Speed))
		}
		return kept, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return clock, err
	}
	if raw, err = json.Marshal(clock); err != nil {
		return clock, err
	}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return clock, err
	}
	return clock, os.WriteFile(path, raw, 0o600)
}

func clockIsReal(c app.Clock) bool { return c.Speed == 0 || c.Speed == 1 }
