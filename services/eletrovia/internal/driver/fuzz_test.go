package driver

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// day is when these tests are played.
var day = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

// Whatever is typed for a stop gives a stop or a usage error.
func FuzzParseStop(f *testing.F) {
	f.Add("BR*MAR*E0001*1,2026-11-24T08:00:00Z,2026-11-24T08:30:00Z")
	f.Add("BR*MAR*E0001*1,2026-11-24T05:00:00-03:00,2026-11-24T08:30:00Z")
	f.Add(",,")
	f.Add("a,b")
	f.Fuzz(func(t *testing.T, s string) {
		stop, err := parseStop(s)
		if err != nil {
			if code, _ := terminal.ExitCode(err); code != terminal.ExitUsage {
				t.Errorf("%q: exit %d", s, code)
			}
			return
		}
		if stop.Start.Location() != time.UTC || stop.End.Location() != time.UTC {
			t.Errorf("%q: not in UTC: %+v", s, stop)
		}
	})
}

// A departure is an instant, a time from now, nothing, or a usage error.
func FuzzParseWhen(f *testing.F) {
	for _, s := range []string{"", "+2h", "+-2h", "+", "2026-11-24T08:00:00Z", "tomorrow"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, err := terminal.ParseWhen("departure", s, day)
		switch {
		case err != nil:
			if code, _ := terminal.ExitCode(err); code != terminal.ExitUsage {
				t.Errorf("%q: exit %d", s, code)
			}
		case s == "" && !at.IsZero(), s != "" && s[0] == '+' && at.Before(day):
			t.Errorf("%q gives %s", s, at)
		}
	})
}
