package flood

import "testing"

// TestTheVerdict: a report within its bounds passes, and each bound that is broken is
// named.
func TestTheVerdict(t *testing.T) {
	good := func() Report {
		p := Phase{Booked: 100, P99: 20, Ready: 10, Looks: 10, Events: 5}
		return Report{
			Before: p, During: p, After: p, Deeds: Deeds{Opened: 1}, Memory: 100, Back: 1,
			Bounds: Bounds{Slower: 2, Memory: 512, Back: 5},
		}
	}
	fine := good()
	if fine.Judge(); !fine.Pass || len(fine.Failures) != 0 {
		t.Errorf("%v", fine.Failures)
	}
	for name, breaks := range map[string]func(*Report){
		"slower": func(r *Report) { r.During.P99 = 41 }, "lost": func(r *Report) { r.During.Failed = 1 },
		"nobody": func(r *Report) { r.After.Booked = 0 }, "ready": func(r *Report) { r.During.NotReady = 1 },
		"operator": func(r *Report) { r.During.NoLooks = 1 }, "stream": func(r *Report) { r.During.Events = 0 },
		"memory": func(r *Report) { r.Memory = 513 }, "late": func(r *Report) { r.Back = 5.1 }, "never": func(r *Report) { r.Back = -1 },
		"none": func(r *Report) { r.Deeds = Deeds{} },
	} {
		r := good()
		breaks(&r)
		if r.Judge(); r.Pass || len(r.Failures) != 1 {
			t.Errorf("%s: %v", name, r.Failures)
		}
	}
}
