package charging

import (
	"encoding/json"
	"testing"
	"time"
)

// TestInstantsThatCanBeNamed: what is taken can be written again, with whatever terms and
// calendars add to it; what cannot is refused with a reason.
func TestInstantsThatCanBeNamed(t *testing.T) {
	for text, good := range map[string]bool{
		"2000-01-01T00:00:00Z": true, "9998-12-31T23:59:59Z": true, "2026-11-29T12:00:00-03:00": true,
		"1999-12-31T23:59:59Z": false, "9999-01-01T00:00:00Z": false, "9998-12-31T23:59:59-01:00": false,
		"9999-12-31T23:59:59Z": false, "2026-11-29": false, "": false, "soon": false,
	} {
		at, err := ParseInstant(text)
		if (err == nil) != good {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if _, err := json.Marshal(at.Add(365 * 24 * time.Hour)); err != nil {
			t.Errorf("%q and a year: %v", text, err)
		}
	}
}
