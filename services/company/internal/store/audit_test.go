package store_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// The faults: pages that repeat or miss while acts are added, another's act, a second
// word about an act that is a second act, acts in another order than theirs.
func TestPagesOfActs(t *testing.T) {
	each(t, func(t *testing.T, e *env) {
		ctx, begun := t.Context(), time.Now().UTC().Truncate(time.Millisecond)
		note := func(n int) charging.Act {
			a := charging.Act{ID: newID(), At: begun.Add(time.Duration(n/2) * time.Second), Who: []string{"operator", "EV-1"}[n%2], What: "try", Of: strconv.Itoa(n)}
			if err := e.Note(ctx, a); err != nil {
				t.Fatal(err)
			}
			a.Answer, a.EndedAt = "ok", a.At.Add(time.Second)
			if err := e.Note(ctx, a); err != nil {
				t.Fatal(err)
			}
			return a
		}
		for n := range 20 {
			note(n)
		}
		for limit := 1; limit < 9; limit++ {
			var of []string
			q := charging.ActQuery{Limit: limit, To: begun.Add(10 * time.Second)}
			for more := true; more; more = q.After != "" {
				list, next, err := e.Acts(ctx, q)
				if err != nil || len(list) > limit {
					t.Fatal(len(list), err)
				}
				for i, a := range list {
					if of = append(of, a.Of); a.Answer != "ok" || i > 0 && a.At.After(list[i-1].At) {
						t.Errorf("%+v", a)
					}
				}
				q.After = next
				note(100 + limit)
			}
			if slices.Sort(of); len(slices.Compact(of)) != 20 {
				t.Errorf("by %d: %v", limit, of)
			}
		}
		list, _, err := e.Acts(ctx, charging.ActQuery{Who: "EV-1", From: begun.Add(2 * time.Second), To: begun.Add(5 * time.Second), Limit: 50})
		if err != nil || len(list) != 3 {
			t.Errorf("%v, %v", list, err)
		}
		if _, _, err := e.Acts(ctx, charging.ActQuery{After: "x", Limit: 1}); charging.CodeOf(err) != charging.CodeInvalidField {
			t.Errorf("a cursor that is none: %v", err)
		}
	})
}

// What is older than 90 days goes with the next act, list and text. It fails where the
// audit grows for ever.
func TestOldActsAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		for _, age := range []time.Duration{100 * 24 * time.Hour, 89 * 24 * time.Hour, 0} {
			if err := e.Note(ctx, charging.Act{ID: newID(), At: time.Now().Add(-age)}); err != nil {
				t.Fatal(err)
			}
		}
		list, texts := e.raw.ZCard(ctx, e.prefix+"audit:{acts}").Val(), e.raw.HLen(ctx, e.prefix+"audit:{acts}:of").Val()
		if list != 2 || texts != 2 {
			t.Errorf("kept %d, %d texts", list, texts)
		}
	})
}
