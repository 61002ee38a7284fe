package store_test

import (
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// modeled is a reservation as the contract wants it, written down without a
// calendar: a list that is searched.
type modeled struct {
	hold  charging.Hold
	state charging.State
	fence int64
}

type model struct {
	all []*modeled
	// stamps are those that trips have been granted something by.
	stamps map[charging.TripID]string
}

func (m *model) find(id charging.ReservationID) *modeled {
	for _, r := range m.all {
		if r.hold.ID == id {
			return r
		}
	}
	return nil
}

// hold says which code a hold gets ("" for a grant), and does what it does.
func (m *model) hold(h charging.Hold) (code charging.Code, victims int) {
	if r := m.find(h.ID); r != nil {
		switch r.state {
		case charging.Expired:
			return charging.CodeHoldExpired, 0
		case charging.Preempted:
			return charging.CodeHoldPreempted, 0
		case charging.Canceled:
			return charging.CodeAlreadyCompensated, 0
		case charging.Claimed:
			if h.Want == charging.Pending {
				r.state = charging.Pending
			}
		}
		return "", 0
	}
	if had := m.stamps[h.TripID]; h.GrantedAt != "" && had != "" && had != h.GrantedAt {
		return charging.CodeTicketInvalid, 0
	}
	weight := 0
	var young []*modeled
	for _, r := range m.all {
		if !r.state.Holds() || r.hold.EVSEID != h.EVSEID || !r.hold.Window().Overlaps(h.Window()) {
			continue
		}
		switch {
		case r.hold.TripID == h.TripID:
			weight = max(weight, 4)
		case r.state == charging.Reserved:
			weight = max(weight, 1)
		case charging.Older(h.GrantedAt, h.TripID, r.hold.GrantedAt, r.hold.TripID):
			young = append(young, r)
		default:
			weight = max(weight, 2)
		}
	}
	switch weight {
	case 4, 1:
		return charging.CodeSlotTaken, 0
	case 2:
		return charging.CodePriorityLost, 0
	}
	for _, r := range young {
		r.state = charging.Preempted
	}
	m.all = append(m.all, &modeled{hold: h, state: h.Want})
	if h.GrantedAt != "" {
		m.stamps[h.TripID] = h.GrantedAt
	}
	return "", len(young)
}

func (m *model) confirm(h charging.Hold) charging.Code {
	r := m.find(h.ID)
	if r == nil {
		return charging.CodeUnknownReservation
	}
	switch r.state {
	case charging.Pending:
		r.state = charging.Reserved
	case charging.Claimed:
		return charging.CodeTooEarly
	case charging.Expired:
		return charging.CodeHoldExpired
	case charging.Preempted:
		return charging.CodeHoldPreempted
	case charging.Canceled:
		return charging.CodeAlreadyCompensated
	}
	return ""
}

func (m *model) compensate(h charging.Hold) {
	r := m.find(h.ID)
	if r == nil {
		r = &modeled{hold: h}
		m.all = append(m.all, r)
	}
	r.state = charging.Canceled
}

// Any schedule of holds, repeats, confirms, releases and lapses ends as the
// model says, with a calendar that is disjoint after every step.
func TestSchedulesFollowTheModel(t *testing.T) {
	t.Parallel()
	each(t, schedules)
}

func schedules(t *testing.T, e *env) {
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		loc := charging.LocationID("BR*MAR*L" + strconv.Itoa(n))
		m := &model{stamps: map[charging.TripID]string{}}
		var asked []charging.Hold
		trips := []charging.TripID{charging.TripID(newID()), charging.TripID(newID()), charging.TripID(newID())}
		stamps := []string{"9", "10", "11"}
		pick := func() (charging.Hold, bool) {
			if len(asked) == 0 {
				return charging.Hold{}, false
			}
			return asked[rapid.IntRange(0, len(asked)-1).Draw(rt, "which")], true
		}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"hold", "hold", "hold", "again", "confirm", "confirm", "compensate", "lapse"}).Draw(rt, "step") {
			case "hold":
				k := rapid.IntRange(0, 2).Draw(rt, "trip")
				h := e.hold(0, ofTrip(trips[k]), func(h *charging.Hold) {
					h.Location, h.EVSEID = loc, benchEVSE(rapid.IntRange(0, 1).Draw(rt, "evse"))
					h.Start = h.Start.Add(time.Duration(rapid.IntRange(0, 12).Draw(rt, "start")) * 10 * time.Minute)
					h.End = h.Start.Add(time.Duration(rapid.IntRange(1, 6).Draw(rt, "long")) * 10 * time.Minute)
					h.GrantedAt = rapid.SampledFrom([]string{"", stamps[k], stamps[k], stamps[k], "12"}).Draw(rt, "ticket")
					h.Want = rapid.SampledFrom([]charging.State{charging.Claimed, charging.Pending}).Draw(rt, "want")
				})
				asked = append(asked, h)
				e.holdLike(rt, m, h)
			case "again":
				if h, ok := pick(); ok {
					h.Want = rapid.SampledFrom([]charging.State{charging.Claimed, charging.Pending}).Draw(rt, "want")
					e.holdLike(rt, m, h)
				}
			case "confirm":
				if h, ok := pick(); ok {
					_, err := e.Confirm(t.Context(), at(h))
					if got, want := charging.CodeOf(err), m.confirm(h); got != want {
						rt.Fatalf("confirm: %v, want %q", err, want)
					}
				}
			case "compensate":
				if h, ok := pick(); ok {
					m.compensate(h)
					if _, err := e.Compensate(t.Context(), at(h)); err != nil {
						rt.Fatal(err)
					}
				}
			case "lapse":
				if h, ok := pick(); ok {
					if r := m.find(h.ID); r != nil && (r.state == charging.Claimed || r.state == charging.Pending) {
						e.raw.Del(t.Context(), e.lockKey(h))
						r.state = charging.Expired
					}
				}
			}
			e.checkModel(rt, t, m, loc)
		}
	})
}

// holdLike compares a hold with the model's.
func (e *env) holdLike(rt *rapid.T, m *model, h charging.Hold) {
	want, victims := m.hold(h)
	g, err := e.Hold(rt.Context(), h)
	if charging.CodeOf(err) != want || (err == nil) != (want == "") {
		rt.Fatalf("hold: %v, want %q", err, want)
	}
	if err != nil {
		return
	}
	if len(g.Preempted) != victims {
		rt.Fatalf("%d victims, want %d", len(g.Preempted), victims)
	}
	r := m.find(h.ID)
	if r.state != g.State {
		rt.Fatalf("granted as %s, want %s", g.State, r.state)
	}
	if r.fence != 0 && r.fence != g.Fence {
		rt.Fatalf("fence %d became %d", r.fence, g.Fence)
	}
	if r.fence == 0 && g.Fence <= 0 {
		rt.Fatalf("fence %d", g.Fence)
	}
	r.fence = g.Fence
}

func (e *env) checkModel(rt *rapid.T, t *testing.T, m *model, loc charging.LocationID) {
	for i := range 2 {
		disjoint(t, e.raw, e.prefix+"cal:{"+string(loc)+"}:"+string(benchEVSE(i)))
	}
	locks := 0
	for _, r := range m.all {
		got, err := e.Reservation(rt.Context(), r.hold.ID, []charging.LocationID{loc})
		if err != nil || got.State != r.state {
			rt.Fatalf("reservation is %s (%v), want %s", got.State, err, r.state)
		}
		if r.state == charging.Claimed || r.state == charging.Pending {
			locks++
		}
	}
	got, err := e.Locks(rt.Context(), loc, []charging.EVSEID{benchEVSE(0), benchEVSE(1)})
	if err != nil || len(got) != locks {
		rt.Fatalf("%d locks (%v), want %d", len(got), err, locks)
	}
}
