package store

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	// actsLife and mostActs bound the audit.
	actsLife = 90 * 24 * time.Hour
	mostActs = 100_000
	// actsPage is how many are read at once.
	actsPage = 200
)

// Audit keeps what operators, and vehicles about themselves, have asked for
// (docs/adr/0021-what-the-owner-sees-and-does.md).
type Audit struct{ *conn }

// Note keeps an act, in the place of an earlier word about the same one; it returns when
// it is as safe as a booking. STORE_UNAVAILABLE: nobody knows; repeat.
func (a Audit) Note(ctx context.Context, act charging.Act) error {
	text, err := json.Marshal(act)
	if err != nil {
		return err
	}
	_, err = a.replicated(ctx, "audit", auditScript, []string{a.keys.acts(), a.keys.actsOf()},
		act.ID, millis(act.At), string(text), millis(time.Now().Add(-actsLife)), strconv.Itoa(mostActs))
	return err
}

// Acts lists acts, newest first; next is the cursor of what follows, empty where there
// is none. INVALID_FIELD for a cursor that is none, STORE_UNAVAILABLE.
func (a Audit) Acts(ctx context.Context, q charging.ActQuery) (list []charging.Act, next string, err error) {
	at, err := parseCursor(q.After)
	if err != nil {
		return nil, "", err
	}
	if at.down = true; q.After == "" {
		if at.from = "+inf"; !q.To.IsZero() {
			at.from = "(" + millis(q.To)
		}
	}
	for more := true; more; {
		var page []redis.Z
		if page, more, err = a.following(ctx, a.keys.acts(), at, actsPage); err != nil || len(page) == 0 {
			return list, "", err
		}
		acts, err := a.read(ctx, page)
		if err != nil {
			return nil, "", err
		}
		for i, act := range acts {
			if act.ID != "" && !q.From.IsZero() && act.At.Before(q.From) {
				return list, "", nil
			}
			if act.ID == "" || !q.Wants(act) {
				continue
			}
			if len(list) == q.Limit {
				return list, next, nil
			}
			list, next = append(list, act), cursorOf(page[i]).String()
		}
		at = cursorOf(page[len(page)-1])
		at.down = true
	}
	return list, "", nil
}

// read gives what each act of a page is; one that has just been forgotten has no id.
func (a Audit) read(ctx context.Context, page []redis.Z) ([]charging.Act, error) {
	ids := make([]string, len(page))
	for i, z := range page {
		ids[i], _ = z.Member.(string)
	}
	texts, err := a.rdb.HMGet(ctx, a.keys.actsOf(), ids...).Result()
	if err != nil {
		return nil, failed(ctx, "audit", err)
	}
	acts := make([]charging.Act, len(page))
	for i, text := range texts {
		if s, ok := text.(string); ok {
			_ = json.Unmarshal([]byte(s), &acts[i]) // of another version: left out
		}
	}
	return acts, nil
}
