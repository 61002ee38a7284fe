package federation

import (
	"encoding/json"
	"time"
)

// minute counts the calls of the last minute, in slots of ten seconds.
type minute [7]struct {
	slot          int64
	calls, failed int
}

const slotSeconds = 10

func (m *minute) count(now time.Time, failed bool) {
	slot := now.Unix() / slotSeconds
	s := &m[slot%int64(len(m))]
	if s.slot != slot {
		s.slot, s.calls, s.failed = slot, 0, 0
	}
	s.calls++
	if failed {
		s.failed++
	}
}

// sum is of the last minute, up to ten seconds more or less.
func (m *minute) sum(now time.Time) (calls, failed int) {
	slot := now.Unix() / slotSeconds
	for _, s := range m {
		if age := slot - s.slot; age >= 0 && age < 60/slotSeconds+1 {
			calls, failed = calls+s.calls, failed+s.failed
		}
	}
	return calls, failed
}

// knownKeys are the ids of a JWK set, each with since when it is known: those of before
// keep theirs.
func knownKeys(set json.RawMessage, before map[string]time.Time, now time.Time) map[string]time.Time {
	var said struct {
		Keys []struct {
			ID string `json:"kid"`
		} `json:"keys"`
	}
	if json.Unmarshal(set, &said) != nil {
		return before
	}
	known := map[string]time.Time{}
	for _, k := range said.Keys {
		if len(known) == maxKeys {
			break
		}
		if known[k.ID] = before[k.ID]; known[k.ID].IsZero() {
			known[k.ID] = now
		}
	}
	return known
}

// maxKeys bounds what is kept of a peer's keys.
const maxKeys = 16

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}
