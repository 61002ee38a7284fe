package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/eletrovia/eletrovia/services/e2e/upgrade/fixture"
)

// newID is a UUIDv7.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	ms := uint64(time.Now().UnixMilli())
	for k := range 6 {
		b[k] = byte(ms >> (8 * (5 - k)))
	}
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// record of a trip in its originator's store, as far as this program reads it.
type doc struct {
	State string        `json:"state"`
	Legs  []fixture.Leg `json:"legs"`
	Saga  struct {
		Swap *struct {
			Leg fixture.Leg `json:"leg"`
		} `json:"swap"`
		Abandoned []fixture.Leg `json:"abandoned"`
		Shift     *struct {
			Phase string `json:"phase"`
		} `json:"shift"`
	} `json:"saga"`
}

// write writes the recording, and refuses one in which a trip is not what it was
// to be.
func (r *recorder) write(at time.Time, commit, dir string) {
	check(os.RemoveAll(dir))
	docs := map[string]doc{}
	for _, id := range fixture.Companies {
		c := r.company[id]
		check(os.MkdirAll(filepath.Join(dir, id), 0o755))
		rdb := c.redis()
		keys, err := fixture.Dump(r.ctx, rdb)
		_ = rdb.Close()
		check(err)
		for _, k := range keys {
			note(docs, k)
		}
		raw, err := fixture.Lines(keys)
		check(err)
		check(os.WriteFile(filepath.Join(dir, id, fixture.StoreFile), raw, 0o644))
		for _, name := range []string{fixture.KeyFile, fixture.MemoryFile, fixture.InventoryFile} {
			raw, err := os.ReadFile(c.file(name))
			check(err)
			check(os.WriteFile(filepath.Join(dir, id, name), raw, 0o644))
		}
	}
	index := fixture.Index{Commit: commit, Recorded: at, Operator: operatorSecret, Others: r.others}
	for _, m := range r.trips {
		index.Trips = append(index.Trips, m.described(docs))
	}
	raw, err := json.MarshalIndent(index, "", "  ")
	check(err)
	check(os.WriteFile(filepath.Join(dir, "trips.json"), append(raw, '\n'), 0o644))
}

// note keeps the document of a trip's record.
func note(docs map[string]doc, k fixture.Key) {
	var fields map[string]string
	if k.Type != "hash" || json.Unmarshal(k.Value, &fields) != nil || fields["doc"] == "" {
		return
	}
	var d doc
	check(json.Unmarshal([]byte(fields["doc"]), &d))
	docs[k.Key] = d
}

func (m *made) described(docs map[string]doc) fixture.Trip {
	d, ok := docs["trip:{"+m.TripID+"}"]
	if !ok || d.State != m.want {
		check(fmt.Errorf("%s is %q in its journal, want %s", m.Name, d.State, m.want))
	}
	t := m.Trip
	t.State, t.Legs, t.Old = d.State, d.Legs, d.Saga.Abandoned
	if s := d.Saga.Swap; s != nil {
		t.New = &s.Leg
	}
	if s := d.Saga.Shift; s != nil {
		t.Shift = s.Phase
	}
	return t
}
