package desk

import (
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// is a stop's record.
func (f *meeting) is(s *stay) charging.Reservation {
	co := s.EVSEID.Company()
	res, err := f.cos[co].st.Reservation(f.t.Context(), s.ID, []charging.LocationID{f.home(co)})
	if err != nil {
		f.t.Fatal(err)
	}
	return res
}

// judge looks at the sessions that have been answered.
func (f *meeting) judge() {
	var on []*stay
	for _, s := range f.stops {
		is := f.is(s)
		switch {
		case is.State == charging.Reserved:
			if s.under == 0 {
				clear(s.silent)
			}
		case is.State == charging.Charging && !is.Open:
			on = append(on, s)
		case is.State == charging.Fulfilled && (is.Session == nil || is.Session.Estimated || !slices.Contains(s.told, is.Session.EnergyKWh)):
			f.t.Errorf("…%s is billed %+v, its car has told %v", s.ID[30:], is.Session, s.told)
		}
		if s.bill != nil && (is.State != charging.Fulfilled || is.Session.EnergyKWh != *s.bill) {
			f.t.Errorf("…%s: %v kWh are billed, and it is %s %+v", s.ID[30:], *s.bill, is.State, is.Session)
		}
	}
	for i, a := range on {
		for _, b := range on[:i] {
			if !f.excused(a, b) && !f.excused(b, a) {
				f.t.Errorf("the vehicle has sessions at %s and at %s", a.EVSEID, b.EVSEID)
			}
		}
	}
}

// excused says whether the company of a asked in vain at that of b, and has noted that.
func (f *meeting) excused(a, b *stay) bool {
	peer := b.EVSEID.Company()
	if !a.silent[peer] {
		return false
	}
	f.counts["excused"]++
	note := string(peer) + " does not say whether vehicle " + string(a.VehicleID) + " charges there; it may at " + string(a.EVSEID)
	if !slices.Contains(f.cos[a.EVSEID.Company()].logLines(), note) {
		f.t.Errorf("nobody has noted: %s", note)
	}
	return true
}

// goHome lets the day end without faults: each errand is done, each open plug decided,
// and each car leaves.
func (f *meeting) goHome() {
	drain := func() {
		for len(f.s.waiting) > 0 && !f.t.Failed() {
			f.goOn(f.s.next(), false)
			f.judge()
		}
	}
	drain()
	f.pass()
	for _, co := range federation {
		f.round(co)
		drain()
	}
	for _, s := range f.stops {
		is := f.is(s)
		if is.Open {
			f.t.Errorf("…%s is %s and open for ever", s.ID[30:], is.State)
		}
		if is.State == charging.Charging {
			f.unplug(s, 5.5)
			drain()
			if got := f.is(s); got.State != charging.Fulfilled || s.bill == nil {
				f.t.Errorf("…%s cannot leave: %s", s.ID[30:], got.State)
			}
		} else if _, err := f.cos[s.EVSEID.Company()].Compensate(f.t.Context(), s.Ref); err != nil {
			f.t.Error(err)
		}
	}
	f.judge()
}
