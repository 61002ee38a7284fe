package federation

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func TestPeersComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, nil)
		if v := w.view("SER"); v.State != NotSeen || v.LocationsAgeMs != -1 || v.LastSeen != nil {
			t.Errorf("at first %+v", v)
		}
		w.run(t)
		synctest.Wait()
		if v := w.view("SER"); v.State != Online || v.Name != "Company SER" || v.LastSeen == nil || v.LocationsAgeMs < 0 || v.EVSEs != 1 {
			t.Errorf("after a probe %+v", v)
		}
		w.ser.set(func(s *script) { s.err = errors.New("connection refused") })
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if v := w.view("SER"); v.State != Offline || v.LastError == "" {
			t.Errorf("away: %+v", v)
		}
		if v := w.view("CAJ"); v.State != Online {
			t.Errorf("the other: %+v", v)
		}
		w.ser.set(func(s *script) { s.err = nil })
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if v := w.view("SER"); v.State != Online || v.Breaker != "closed" {
			t.Errorf("back: %+v", v)
		}
		if got := w.states("SER"); !slices.Equal(got, []PeerState{Online, Offline, Online}) {
			t.Errorf("told %v", got)
		}
	})
}

func TestAPeerThatStartsLaterIsMetSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, nil)
		w.ser.set(func(s *script) { s.err = errors.New("connection refused") })
		w.run(t)
		time.Sleep(time.Minute)
		if n := w.ser.count("info"); n < 55 || n > 75 {
			t.Errorf("%d probes in a minute, want about one a second", n)
		}
		if v := w.view("SER"); v.State != Offline || v.Breaker != "closed" {
			t.Errorf("before it was ever seen: %+v; its breaker must not be in its way", v)
		}
		w.ser.set(func(s *script) { s.err = nil })
		time.Sleep(time.Second)
		synctest.Wait()
		if v := w.view("SER"); v.State != Online || v.EVSEs != 1 {
			t.Errorf("a second after its start: %+v", v)
		}
	})
}

func TestANudgeLooksAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, nil)
		w.run(t)
		synctest.Wait()
		infos, lists := w.ser.count("info"), w.ser.count("locations")
		w.Nudge("SER")
		w.Nudge("ZZZ")
		synctest.Wait()
		if w.ser.count("info") != infos+1 || w.ser.count("locations") != lists+1 {
			t.Errorf("%d probes and %d lists after a nudge, want %d and %d", w.ser.count("info"), w.ser.count("locations"), infos+1, lists+1)
		}
	})
}

func TestAnotherCompanyAtThePeersAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, nil)
		w.ser.set(func(s *script) { s.id = "CAJ" })
		w.run(t)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if v := w.view("SER"); v.State != Offline || v.LastError == "" || w.ser.count("locations") != 0 {
			t.Errorf("view %+v after %d reads of its locations", v, w.ser.count("locations"))
		}
	})
}

func TestSkew(t *testing.T) {
	for _, tt := range []struct {
		name       string
		ahead      time.Duration
		took       time.Duration
		skewed     bool
		atLeast    float64
		butAtMosts float64
	}{
		{"right", 0, 10 * time.Millisecond, false, -1, 1},
		{"within what is allowed", 1900 * time.Millisecond, 10 * time.Millisecond, false, 1899, 1901},
		{"ahead", 3 * time.Second, 10 * time.Millisecond, true, 2999, 3001},
		{"behind", -5 * time.Minute, 10 * time.Millisecond, true, -300_001, -299_999},
		{"perhaps: a slow answer proves less", 2500 * time.Millisecond, 2 * time.Second, false, 2499, 2501},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTrio(t, nil)
				w.ser.set(func(s *script) { s.clock, s.took = tt.ahead, tt.took })
				if w.Skewed("SER") {
					t.Error("skewed before it was compared")
				}
				w.run(t)
				time.Sleep(4 * time.Second)
				synctest.Wait()
				v := w.view("SER")
				if w.Skewed("SER") != tt.skewed || v.Skewed != tt.skewed || v.SkewMs < tt.atLeast || v.SkewMs > tt.butAtMosts {
					t.Errorf("skew %v ms, skewed %v; want about %s, %v", v.SkewMs, v.Skewed, tt.ahead, tt.skewed)
				}
			})
		})
	}
}

func TestAClockThatIsSetRightIsTrustedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, nil)
		w.ser.set(func(s *script) { s.clock, s.took = time.Minute, time.Millisecond })
		w.run(t)
		time.Sleep(10 * time.Second)
		if !w.Skewed("SER") {
			t.Fatal("not skewed")
		}
		w.ser.set(func(s *script) { s.clock = 0 })
		time.Sleep(time.Minute)
		synctest.Wait()
		if w.Skewed("SER") || w.Skewed("MAR") || w.Skewed("ZZZ") {
			t.Error("still skewed")
		}
	})
}

func TestLatencyIsAMovingAverage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, nil)
		w.ser.set(func(s *script) { s.took = 10 * time.Millisecond })
		for range 3 {
			if err := w.confirm(t.Context(), t, "SER"); err != nil {
				t.Fatal(err)
			}
		}
		if ms := w.view("SER").LatencyMs; ms != 10 {
			t.Errorf("%v ms, want 10", ms)
		}
		w.ser.set(func(s *script) { s.took = 90 * time.Millisecond })
		if err := w.confirm(t.Context(), t, "SER"); err != nil {
			t.Fatal(err)
		}
		if ms := w.view("SER").LatencyMs; ms != 20 {
			t.Errorf("%v ms, want 20", ms)
		}
	})
}

func TestInfoIsAskedOnDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, nil)
		for range 3 {
			info, err := w.Info(t.Context(), "SER", time.Time{})
			if err != nil || info.ID != "SER" || len(info.Keys) == 0 {
				t.Fatalf("Info = %+v, %v", info, err)
			}
		}
		if n := w.ser.count("info"); n != 1 {
			t.Errorf("asked %d times, want once", n)
		}
		for range 3 { // an unknown key id: fresher keys are wanted
			if _, err := w.Info(t.Context(), "SER", time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		if n := w.ser.count("info"); n != 1 {
			t.Errorf("asked %d times within a second, want once", n)
		}
		time.Sleep(time.Second)
		if _, err := w.Info(t.Context(), "SER", time.Now()); err != nil || w.ser.count("info") != 2 {
			t.Errorf("asked %d times after a second (%v), want twice", w.ser.count("info"), err)
		}
		w.caj.set(func(s *script) { s.err = errors.New("connection refused") })
		for range 2 {
			if _, err := w.Info(t.Context(), "CAJ", time.Time{}); err == nil {
				t.Error("info of a peer that never answered")
			}
		}
		if n := w.caj.count("info"); n != 1 {
			t.Errorf("a peer that is away was asked %d times at once", n)
		}
		if _, err := w.Info(t.Context(), "ZZZ", time.Time{}); !errors.Is(err, charging.CodeUnknownEVSE) {
			t.Errorf("Info(ZZZ): %v", err)
		}
	})
}

func TestPublicKeys(t *testing.T) {
	var told []Info
	w := newTrio(t, func(o *Options) { o.OnInfo = func(i Info) { told = append(told, i) } })
	for range 2 {
		if keys, err := w.PublicKeys(t.Context(), "SER"); err != nil || string(keys) != `{"keys":[]}` {
			t.Errorf("PublicKeys = %s, %v", keys, err)
		}
	}
	if len(told) != 1 || told[0].ID != "SER" {
		t.Errorf("OnInfo was told %+v", told)
	}
	if _, err := w.PublicKeys(t.Context(), "ZZZ"); !errors.Is(err, charging.CodeUnknownEVSE) {
		t.Errorf("PublicKeys(ZZZ): %v", err)
	}
}
