package federation

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func ids(list []charging.Location) []charging.LocationID {
	var out []charging.LocationID
	for _, l := range list {
		out = append(out, l.ID)
	}
	return out
}

func TestLocationsOfAll(t *testing.T) {
	w := newTrio(t, nil)
	list, read := w.Locations(t.Context())
	if want := []charging.LocationID{"BR*MAR*LJPA01", "BR*SER*LREC01", "BR*CAJ*LAJU01"}; !slices.Equal(ids(list), want) {
		t.Errorf("Locations = %v, want %v", ids(list), want)
	}
	if len(read) != 3 {
		t.Errorf("read %v", read)
	}
	w.Locations(t.Context())
	if w.ser.count("locations") != 1 || w.mar.count("locations") != 2 {
		t.Errorf("peers were read %d times, the own desk %d", w.ser.count("locations"), w.mar.count("locations"))
	}
}

func TestAPeerThatIsAwayIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, nil)
		w.ser.set(func(s *script) { s.err = errors.New("connection refused") })
		for range 3 {
			list, read := w.Locations(t.Context())
			if len(list) != 2 || len(read) != 2 || !read["SER"].IsZero() {
				t.Fatalf("%v, read %v", ids(list), read)
			}
		}
		if n := w.ser.count("locations"); n != 1 {
			t.Errorf("asked %d times at once", n)
		}
		w.ser.set(func(s *script) { s.err = nil })
		time.Sleep(lookAgain)
		if list, _ := w.Locations(t.Context()); len(list) != 3 {
			t.Errorf("once it is back: %v", ids(list))
		}
	})
}

func TestTheCatalogueIsRefreshedByETag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, nil)
		w.run(t)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		w.ser.mu.Lock()
		asked := slices.Clone(w.ser.asked)
		w.ser.mu.Unlock()
		if len(asked) < 4 || len(asked) > 6 || asked[0] != "" || asked[1] != `"1"` {
			t.Errorf("asked with the etags %v in two minutes", asked)
		}
		w.ser.set(func(s *script) {
			s.list, s.etag = append(s.list, place("SER", "CGE01", "BR*SER*E2*1"), place("CAJ", "FALSE", "BR*CAJ*E9*1")), `"2"`
		})
		time.Sleep(40 * time.Second)
		synctest.Wait()
		list, read := w.Locations(t.Context())
		if want := []charging.LocationID{"BR*MAR*LJPA01", "BR*SER*LREC01", "BR*SER*LCGE01", "BR*CAJ*LAJU01"}; !slices.Equal(ids(list), want) {
			t.Errorf("Locations = %v, want %v: SER's new one, and none that is not SER's", ids(list), want)
		}
		if age := time.Since(read["SER"]); age > 36*time.Second {
			t.Errorf("known to be right %s ago", age)
		}
		w.ser.set(func(s *script) { s.err = errors.New("connection refused") })
		time.Sleep(5 * time.Minute)
		list, read = w.Locations(t.Context())
		if len(list) != 4 || time.Since(read["SER"]) < 4*time.Minute {
			t.Errorf("%v, SER read %s ago; want the last known, and its age", ids(list), time.Since(read["SER"]))
		}
	})
}

func TestLocationOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, nil)
		for id, want := range map[charging.EVSEID]charging.LocationID{
			"BR*MAR*E1*2": "BR*MAR*LJPA01", "BR*SER*E1*1": "BR*SER*LREC01", "BR*CAJ*E1*1": "BR*CAJ*LAJU01",
		} {
			for range 2 {
				if l, err := w.LocationOf(t.Context(), id); err != nil || l.ID != want {
					t.Errorf("LocationOf(%s) = %s, %v", id, l.ID, err)
				}
			}
		}
		for id, want := range map[charging.EVSEID]charging.Code{
			"BR*MAR*E9*1": charging.CodeUnknownEVSE, "BR*SER*E2*1": charging.CodeUnknownEVSE, "BR*ZZZ*E1*1": charging.CodeUnknownEVSE,
			"BR*SER*e": charging.CodeInvalidField, "": charging.CodeUnknownEVSE,
		} {
			if _, err := w.LocationOf(t.Context(), id); charging.CodeOf(err) != want {
				t.Errorf("LocationOf(%q): %v, want %s", id, err, want)
			}
		}
		w.ser.set(func(s *script) { s.list, s.etag = append(s.list, place("SER", "CGE01", "BR*SER*E2*1")), `"2"` })
		time.Sleep(lookAgain)
		if l, err := w.LocationOf(t.Context(), "BR*SER*E2*1"); err != nil || l.ID != "BR*SER*LCGE01" {
			t.Errorf("an EVSE that is new at its company: %s, %v", l.ID, err)
		}
		if n := w.ser.count("locations"); n != 2 {
			t.Errorf("SER was read %d times, want 2", n)
		}
	})
}

func TestLocationOfAPeerThatNeverAnswered(t *testing.T) {
	w := newTrio(t, nil)
	w.ser.set(func(s *script) { s.err = errors.New("connection refused") })
	if _, err := w.LocationOf(t.Context(), "BR*SER*E1*1"); !errors.Is(err, charging.CodePeerUnavailable) {
		t.Errorf("LocationOf: %v, want PEER_UNAVAILABLE", err)
	}
}

func TestAvailabilityOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, nil)
		now := time.Now().UTC()
		day := charging.Window{Start: now, End: now.Add(24 * time.Hour)}
		w.ser.set(func(s *script) { s.hang = true })
		w.caj.set(func(s *script) { s.took = time.Second })
		began := time.Now()
		free, missing := w.Availability(t.Context(), []charging.EVSEID{"BR*CAJ*E1*1", "BR*SER*E1*1", "BR*MAR*E1*1", "BR*MAR*E1*2", "BR*ZZZ*E1*1"}, day)
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %s; want the time-out of one peer, not their sum", took)
		}
		var got []charging.EVSEID
		for _, f := range free {
			got = append(got, f.EVSEID)
		}
		if want := []charging.EVSEID{"BR*CAJ*E1*1", "BR*MAR*E1*1", "BR*MAR*E1*2"}; !slices.Equal(got, want) {
			t.Errorf("free at %v, want %v", got, want)
		}
		if len(missing) != 2 || missing["SER"] == nil || !errors.Is(missing["ZZZ"], charging.CodeUnknownEVSE) {
			t.Errorf("missing %v", missing)
		}
	})
}

func TestManyEVSEsAreAskedInParts(t *testing.T) {
	w := newTrio(t, nil)
	var evses []charging.EVSEID
	for i := range 2*askAtOnce + 1 {
		evses = append(evses, charging.EVSEID("BR*SER*E"+strconv.Itoa(i)+"*1"))
	}
	free, missing := w.Availability(t.Context(), evses, charging.Window{})
	if len(free) != len(evses) || len(missing) != 0 || w.ser.count("availability") != 3 {
		t.Errorf("%d answers in %d requests, missing %v", len(free), w.ser.count("availability"), missing)
	}
}
