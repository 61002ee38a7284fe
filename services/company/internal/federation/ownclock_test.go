package federation

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func TestWhoseClockIsOff(t *testing.T) {
	t.Parallel()
	ahead := func(s ...float64) (all []Comparison) {
		for _, x := range s {
			all = append(all, Comparison{Ahead: time.Duration(x * float64(time.Second)), Give: 50 * time.Millisecond})
		}
		return all
	}
	for name, c := range map[string]struct {
		others []Comparison
		own    float64
		off    bool
	}{
		"nobody":               {nil, 0, false},
		"one peer may be off":  {ahead(-60), 0, false},
		"both, one way":        {ahead(-60, -60.5), 60, true},
		"both, the other way":  {ahead(7, 8, 7.4), -7, true},
		"one is right":         {ahead(-60, 0.1), 0, false},
		"both, opposite ways":  {ahead(5, -5), 0, false},
		"both, not by as much": {ahead(5, 300), 0, false},
		"within what is fine":  {ahead(1, 1.5), 0, false},
		"perhaps within":       {append(ahead(3), Comparison{Ahead: 3 * time.Second, Give: 2 * time.Second}), 0, false},
	} {
		got, off := OwnClock(c.others, 2*time.Second)
		if off != c.off || off && (got-time.Duration(c.own*float64(time.Second))).Abs() > time.Second {
			t.Errorf("%s: %s, %v", name, got, off)
		}
	}
}

// A company whose own clock is off sees that of all others off. Before, it said so
// of each of them, and nothing of itself.
func TestOwnClockIsTheLikelyOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, func(o *Options) { o.Now = func() time.Time { return time.Now().Add(9 * time.Second) } })
		w.run(t)
		synctest.Wait()
		if ahead, off := w.OwnClock(); !off || (ahead-9*time.Second).Abs() > 10*time.Millisecond {
			t.Errorf("%s, %v", ahead, off)
		}
		w.caj.set(func(s *script) { s.err = errors.New("connection refused") })
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if _, off := w.OwnClock(); off {
			t.Error("by the word of one of two")
		}
	})
}

// A peer that refuses our token is shown so until it takes it, is logged once a
// minute, and is not asked twenty times a second meanwhile.
func TestARefusedTokenIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var logged []string
		w := newTrio(t, func(o *Options) {
			o.Log = func(message string, _ error) {
				mu.Lock()
				defer mu.Unlock()
				logged = append(logged, message)
			}
		})
		w.ser.set(func(s *script) { s.err = charging.Refuse(charging.CodeUnauthenticated, "the token is no peer's") })
		w.run(t)
		time.Sleep(150 * time.Second)
		synctest.Wait()
		if v := w.view("SER"); !strings.Contains(v.Refused, "no peer's") || w.view("CAJ").Refused != "" {
			t.Errorf("%+v", v)
		}
		if n := w.ser.count("info"); n > 170 {
			t.Errorf("asked %d times in 150 s", n)
		}
		mu.Lock()
		refusals := slices.DeleteFunc(slices.Clone(logged), func(l string) bool { return !strings.Contains(l, "our token is refused at SER (401)") })
		mu.Unlock()
		if len(refusals) != 3 {
			t.Errorf("logged %q", logged)
		}
		w.ser.set(func(s *script) { s.err = nil })
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if v := w.view("SER"); v.Refused != "" || v.EVSEs != 1 {
			t.Errorf("with the right token: %+v", v)
		}
		if got := w.states("SER"); len(got) != 2 {
			t.Errorf("told %v", got)
		}
	})
}
