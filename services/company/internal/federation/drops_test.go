package federation

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/legible"
)

// Every record that is dropped is counted and the last one shown; the log has a
// line per minute and peer.
func TestDroppedRecordsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		var drop func(api.Drop)
		w := newTrio(t, func(o *Options) {
			dial := o.Dial
			o.Dial = func(p Peer) (Remote, error) {
				if p.ID == "SER" {
					drop = p.Dropped
				}
				return dial(p)
			}
			o.Log = func(line string, _ error) { lines = append(lines, line) }
		})
		for range 100 {
			drop(api.Drop{What: "location 7", Why: "lat is a string", Records: 1})
			time.Sleep(time.Second)
		}
		drop(api.Drop{What: "EVSEs", Why: "too many", Records: 500})
		d := w.view("SER").Dropped
		if d.Count != 600 || d.What != "EVSEs" || d.Why != "too many" || !d.At.Equal(time.Now()) {
			t.Errorf("%+v", d)
		}
		if len(lines) != 2 || !strings.Contains(lines[0], "SER") || !strings.Contains(lines[0], "lat is a string") {
			t.Errorf("logged %q", lines)
		}
		if d := w.view("CAJ").Dropped; d != (Drops{}) {
			t.Errorf("CAJ: %+v", d)
		}
	})
}

// What a failing peer says does not get to an operator as it is.
func TestLastErrorIsLegible(t *testing.T) {
	w := newTrio(t, nil)
	w.ser.set(func(s *script) { s.err = errors.New("\x1b[31m\u202e" + strings.Repeat("x", 100_000)) })
	_ = w.confirm(t.Context(), t, "SER")
	if v := w.view("SER"); v.LastError == "" || legible.Check(v.LastError, maxError) != nil {
		t.Errorf("%.100q", v.LastError)
	}
}
