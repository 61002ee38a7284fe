package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// doc is a trip's record as it is kept.
func (e *env) doc(t testing.TB, id charging.TripID) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(e.raw.HGet(t.Context(), e.tripKey(id), "doc").Val()), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// Shows a server that drops what a newer one has written, whichever way it came
// to the trip.
func TestRecordsKeepWhatANewerServerWrote(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		tr := created(t, e)
		doc := e.doc(t, tr.ID)
		if doc["version"] != float64(trip.Version) {
			t.Errorf("a new record has version %v", doc["version"])
		}
		doc["version"], doc["x"] = 7, "trip"
		doc["legs"].([]any)[1].(map[string]any)["x"] = "leg"
		doc["saga"].(map[string]any)["x"] = "saga"
		newer, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		e.raw.HSet(ctx, e.tripKey(tr.ID), "doc", newer)
		for name, take := range map[string]func() (trip.Trip, error){
			"load": func() (trip.Trip, error) { return e.Load(ctx, tr.ID) },
			"take over": func() (trip.Trip, error) {
				e.leaseOver(t, tr.ID)
				got, err := e.TakeOver(ctx, "b", lease, 1)
				return got[0], err
			},
			"acquire": func() (trip.Trip, error) {
				e.raw.HSet(ctx, e.tripKey(tr.ID), "lease", 1)
				return e.Acquire(ctx, tr.ID, "c", lease)
			},
		} {
			got, err := take()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got.Legs[1].Attempts++
			e.write(t, got.Clone(), time.Now())
			doc := e.doc(t, tr.ID)
			leg := doc["legs"].([]any)[1].(map[string]any)
			if doc["version"] != 7.0 || doc["x"] != "trip" || leg["x"] != "leg" || doc["saga"].(map[string]any)["x"] != "saga" {
				t.Errorf("%s: %v", name, doc)
			}
			if leg["attempts"] != float64(got.Legs[1].Attempts) {
				t.Errorf("%s: %v attempts", name, leg["attempts"])
			}
		}
	})
}

// Shows a journal or a plan that cannot be read for a field that a newer server
// has put there. (A letter's body is its writer's business.)
func TestEntriesAndPlansOfNewerServersAreRead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		tr := created(t, e)
		e.raw.XAdd(ctx, &redis.XAddArgs{
			Stream: e.tripKey(tr.ID) + ":log", Values: []string{"e", `[{"step":"new","answer":"ok","x":{"y":1}}]`},
		})
		if h, err := e.History(ctx, tr.ID); err != nil || len(h) != 2 || h[1].Step != "new" {
			t.Errorf("%+v, %v", h, err)
		}
		e.raw.Set(ctx, e.prefix+"plan:{p}", `{"plan":{"plan_id":"p","x":1},"journey":{"soc":0.5,"x":[]},"x":1}`, 0)
		if p, j, _, err := e.LoadPlan(ctx, "p"); err != nil || p.ID != "p" || j.SoC != 0.5 {
			t.Errorf("%+v, %+v, %v", p, j, err)
		}
		body := `{"kind":"new","x":1}`
		if _, err := e.Forward(ctx, tr.ID, trip.Forwarded{ID: "l", Body: []byte(body)}, time.Minute); err != nil {
			t.Fatal(err)
		}
		if l, err := e.Pending(ctx, tr.ID); err != nil || len(l) != 1 || string(l[0].Body) != body {
			t.Errorf("%+v, %v", l, err)
		}
	})
}
