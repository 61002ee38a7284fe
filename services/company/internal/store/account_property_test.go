package store_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// booksLimits are narrow, so that schedules meet each of them.
var booksLimits = charging.Limits{
	VehicleHours: 8 * time.Hour, NewHours: 5 * time.Hour, NewTrips: 3, NoShow: 24 * time.Hour, Share: 1, TripClaims: 3, CompanyClaims: 5,
}

const booksShare = 9 * 3600

// books are the accounts as the contract wants them: made anew from what the calendar
// says of every reservation that was ever asked for.
type books struct {
	e   *env
	all map[charging.ReservationID]charging.Hold
	was map[charging.ReservationID]charging.State
}

func newBooks(e *env) *books {
	return &books{e, map[charging.ReservationID]charging.Hold{}, map[charging.ReservationID]charging.State{}}
}

// counted is what the accounts have: reservations by vehicle and by company, and the
// sum that a company's account tells.
func (b *books) counted(rt *rapid.T) (vehicles, companies map[string]bool, sums map[string]int64) {
	vehicles, companies, sums = map[string]bool{}, map[string]bool{}, map[string]int64{}
	for _, line := range b.e.accounts(rt) {
		key, rest, _ := strings.Cut(line, " ")
		part := strings.Split(key, ":")
		name := strings.Trim(part[1], "{}")
		id, value, _ := strings.Cut(rest, "|")
		switch part[0] + part[2] {
		case "vehicletaken":
			if field, entry, _ := strings.Cut(rest, " "); field != "known" {
				vehicles[name+" "+field+" "+entry[:1]] = true
			}
		case "companyholds", "companystanding":
			companies[name+" "+id] = true
			secs, _, _ := strings.Cut(value, "|")
			n, _ := strconv.ParseInt(secs, 10, 64)
			sums[name+" seconds"] -= n
		case "companytaken":
			field, value, _ := strings.Cut(rest, " ")
			n, _ := strconv.ParseInt(value, 10, 64)
			sums[name+" "+field] += n
		}
	}
	return vehicles, companies, sums
}

// check compares: never too low; too high only for a hold that nobody has met since it
// lapsed, and for what has ended by itself; sums agree with entries.
func (b *books) check(rt *rapid.T, step string) {
	vehicles, companies, sums := b.counted(rt)
	for name, rest := range sums {
		if rest != 0 {
			rt.Fatalf("after %s: %s is off by %d", step, name, rest)
		}
	}
	now := b.e.civil.now()
	for id, h := range b.all {
		r, err := b.e.Reservation(rt.Context(), id, []charging.LocationID{h.Location})
		if err != nil {
			rt.Fatal(err)
		}
		kind := map[charging.State]string{charging.Claimed: "H", charging.Pending: "H", charging.Reserved: "R", charging.Charging: "R", charging.NoShow: "N"}[r.State]
		entry := func(kind string) bool { return vehicles[fmt.Sprintf("%s %s %s", h.VehicleID, id, kind)] }
		company := companies[string(h.Origin)+" "+string(id)]
		over := !r.Window.End.After(now)
		if kind != "" && !over && !entry(kind) {
			rt.Fatalf("after %s: %s %s of %s is not in its account", step, r.State, id, h.VehicleID)
		}
		if holds := r.State.Holds() && !over; holds && h.Origin != "MAR" && !company {
			rt.Fatalf("after %s: %s %s is not in the account of %s", step, r.State, id, h.Origin)
		}
		if lapsed := r.State == charging.Expired && b.was[id] != charging.Expired; !lapsed && !over && !r.State.Holds() {
			if company || entry("H") || entry("R") || kind == "" && entry("N") {
				rt.Fatalf("after %s: %s %s still counts", step, r.State, id)
			}
		}
		if h.Origin == "MAR" && company {
			rt.Fatalf("after %s: the company's own trip is limited", step)
		}
	}
}

// Any schedule of what frees and takes windows keeps the accounts right, within the
// limits, and empty in the end.
func TestAccountsFollowTheCalendars(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e = limited(t, e, booksLimits)
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			run := *e
			s := &account{books: newBooks(&run), loc: charging.LocationID("BR*MAR*L" + strconv.Itoa(n))}
			rt.Repeat(map[string]func(*rapid.T){
				"hold": s.hold, "again": s.again, "confirm": s.confirm, "compensate": s.compensate, "lapse": s.lapse, "move": s.move,
				"tidy": s.tidy, "plug": s.plug, "withdraw": s.withdraw, "later": s.later, "drop": s.drop,
			})
			s.end(rt)
		})
	})
}

// account runs one schedule.
type account struct {
	*books
	loc   charging.LocationID
	made  []charging.Hold
	moves int64
}

func (s *account) pick(rt *rapid.T) charging.Hold {
	if len(s.made) == 0 {
		rt.Skip("nothing was asked for")
	}
	return rapid.SampledFrom(s.made).Draw(rt, "reservation")
}

func (s *account) done(rt *rapid.T, step string) { s.check(rt, step) }

func (s *account) hold(rt *rapid.T) {
	h := s.e.hold(rapid.Float64Range(0, 20).Draw(rt, "start"), atPlug(rapid.IntRange(1, 3).Draw(rt, "plug")))
	h.Start = h.Start.Truncate(30 * time.Minute)
	h.End = h.Start.Add(time.Duration(rapid.IntRange(1, 6).Draw(rt, "half hours")) * 30 * time.Minute)
	h.Location, h.VehicleID = s.loc, charging.VehicleID("EV-"+rapid.SampledFrom([]string{"a1", "b2", "c3"}).Draw(rt, "vehicle"))
	h.Origin = charging.CompanyID(rapid.SampledFrom([]string{"SER", "CAJ", "MAR"}).Draw(rt, "origin"))
	h.Leg, h.Want = rapid.IntRange(2, 4).Draw(rt, "leg"), charging.Pending
	if h.Origin != "MAR" {
		h.Quota.Share = booksShare
	}
	if len(s.made) > 0 && rapid.Bool().Draw(rt, "of a trip that is there") {
		as := s.pick(rt)
		h.TripID, h.Origin, h.VehicleID, h.Quota = as.TripID, as.Origin, as.VehicleID, as.Quota
	}
	if rapid.Bool().Draw(rt, "with a ticket") {
		h.GrantedAt = strconv.Itoa(rapid.IntRange(1, 9).Draw(rt, "ticket"))
	}
	if _, err := s.e.Hold(rt.Context(), h); err == nil {
		s.made, s.all[h.ID] = append(s.made, h), h
	}
	s.done(rt, "hold")
}

func (s *account) again(rt *rapid.T) {
	_, _ = s.e.Hold(rt.Context(), s.pick(rt))
	s.done(rt, "again")
}

func (s *account) confirm(rt *rapid.T) {
	_, _ = s.e.Confirm(rt.Context(), at(s.pick(rt)))
	s.done(rt, "confirm")
}

func (s *account) compensate(rt *rapid.T) {
	_, _ = s.e.Compensate(rt.Context(), at(s.pick(rt)))
	s.done(rt, "compensate")
}

func (s *account) drop(rt *rapid.T) {
	_, _ = s.e.Drop(rt.Context(), at(s.pick(rt)), charging.OutcomeAborted)
	s.done(rt, "drop")
}

func (s *account) lapse(rt *rapid.T) {
	h := s.pick(rt)
	s.e.raw.Del(rt.Context(), s.e.lockKey(h))
	s.done(rt, "lapse")
}

func (s *account) move(rt *rapid.T) {
	h := s.pick(rt)
	s.moves++
	from := h.Start.Add(time.Duration(rapid.IntRange(-4, 4).Draw(rt, "by")) * 30 * time.Minute)
	to := charging.NewWindow(from, from.Add(time.Duration(rapid.IntRange(1, 6).Draw(rt, "half hours"))*30*time.Minute))
	_, _ = s.e.Move(rt.Context(), at(h), charging.Move{Ref: h.Ref, Seq: s.moves, To: to, Quota: h.Quota}, time.Hour)
	s.done(rt, "move")
}

func (s *account) plugs() []charging.EVSEID {
	return []charging.EVSEID{"BR*MAR*E0001*1", "BR*MAR*E0002*1", "BR*MAR*E0003*1"}
}

func (s *account) tidy(rt *rapid.T) {
	if _, err := s.e.Tidy(rt.Context(), s.loc, s.plugs(), 15*time.Minute, byMeter); err != nil {
		rt.Fatal(err)
	}
	for id := range s.all {
		r, err := s.e.Reservation(rt.Context(), id, []charging.LocationID{s.loc})
		if err != nil {
			rt.Fatal(err)
		}
		s.was[id] = r.State // what has lapsed has been met
	}
	s.done(rt, "tidy")
}

func (s *account) plug(rt *rapid.T) {
	h := s.pick(rt)
	m := testMeter
	m.EnergyKWh = 3
	_, _ = s.e.Start(rt.Context(), at(h), charging.Arrival{}, within(24*time.Hour, 15*time.Minute))
	if rapid.Bool().Draw(rt, "and leaves") {
		_, _ = s.e.Complete(rt.Context(), at(h), m)
	}
	s.done(rt, "plug")
}

func (s *account) withdraw(rt *rapid.T) {
	evse := rapid.SampledFrom(s.plugs()).Draw(rt, "plug")
	for _, reason := range []string{"BROKEN_CHARGER", ""} {
		if _, err := s.e.Withdraw(rt.Context(), s.loc, evse, reason, testMeter); err != nil {
			rt.Fatal(err)
		}
	}
	s.done(rt, "withdraw")
}

func (s *account) later(rt *rapid.T) {
	s.e.civil.advance(time.Duration(rapid.IntRange(1, 20).Draw(rt, "half hours")) * 30 * time.Minute)
	s.done(rt, "later")
}

// end lets everything end: then whoever asks next finds empty accounts.
func (s *account) end(rt *rapid.T) {
	for _, h := range s.made {
		s.e.raw.Del(rt.Context(), s.e.lockKey(h))
	}
	s.e.civil.advance(80 * time.Hour)
	s.tidy(rt)
	s.e.civil.advance(booksLimits.NoShow)
	for _, v := range []string{"a1", "b2", "c3"} {
		for _, origin := range []string{"SER", "CAJ"} {
			h := s.e.hold(1, of("EV-"+v), atPlug(9))
			h.Location, h.Origin, h.Quota.Share = s.loc, charging.CompanyID(origin), booksShare
			if _, err := s.e.Hold(rt.Context(), h); err != nil {
				rt.Fatal(err)
			}
			if _, err := s.e.Compensate(rt.Context(), at(h)); err != nil {
				rt.Fatal(err)
			}
		}
	}
	for _, line := range s.e.accounts(rt) {
		if !strings.HasSuffix(line, " known 1") {
			rt.Fatalf("in the end the accounts have %s", line)
		}
		s.e.raw.Del(rt.Context(), s.e.prefix+strings.Fields(line)[0])
	}
}
