package store_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	testEarly  = 10 * time.Minute
	testNoShow = 15 * time.Minute
)

func (e *env) rsvKey(h charging.Hold) string {
	return e.prefix + "rsv:{" + string(h.Location) + "}:" + string(h.ID)
}

func (e *env) calKey() string { return e.prefix + "cal:{" + string(site) + "}:" + string(plug) }

// plug lets a car in at its window's start.
func (e *env) plug(t testing.TB, h charging.Hold, a charging.Arrival) charging.Reservation {
	t.Helper()
	r, err := e.Start(t.Context(), at(h), a, within(testEarly, testNoShow))
	if err != nil || r.State != charging.Charging {
		t.Fatalf("plug: %+v, %v", r, err)
	}
	return r
}

func (e *env) tidy(t testing.TB) []charging.OutboundNotice {
	t.Helper()
	v, err := e.Tidy(t.Context(), site, []charging.EVSEID{plug}, testNoShow, byMeter)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// read is the reservation's record.
func (e *env) read(t testing.TB, h charging.Hold) charging.Reservation {
	t.Helper()
	r, err := e.Reservation(t.Context(), h.ID, []charging.LocationID{h.Location})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A record of 029867a is RESERVED with a start: no script may take it for one whose
// car has not come. Fields that nobody knows here stay.
func TestARecordOfBefore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		h := e.reserved(t, e.hold(0))
		e.civil.set(h.Start)
		rsv := e.rsvKey(h)
		if v := e.raw.HGet(ctx, rsv, "v").Val(); v != "1" {
			t.Errorf("a new record has the version %q", v)
		}
		e.raw.HDel(ctx, rsv, "v", "log")
		e.raw.HSet(ctx, rsv, "started", h.Start.UnixMilli(), "future", "kept")
		e.wantState(t, h, charging.Charging)
		for name, act := range map[string]func() (charging.Reservation, error){
			"compensate": func() (charging.Reservation, error) { return e.Compensate(ctx, at(h)) },
			"drop":       func() (charging.Reservation, error) { return e.Drop(ctx, at(h), charging.OutcomeAborted) },
			"start":      func() (charging.Reservation, error) { return e.Start(ctx, at(h), charging.Arrival{}, within(0, 0)) },
		} {
			if r, err := act(); err != nil || r.State != charging.Charging {
				t.Errorf("%s: %s, %v", name, r.State, err)
			}
		}
		if c, err := e.Status(ctx, site, []charging.EVSEID{plug}); err != nil || c[plug].Charging != h.ID {
			t.Errorf("status %+v, %v", c, err)
		}
		e.civil.set(h.End.Add(time.Hour))
		if v := e.tidy(t); len(v) != 1 || v[0].State != charging.Fulfilled {
			t.Fatalf("%+v", v)
		}
		// Nothing was planned: what the power allows in two hours.
		if s := e.read(t, h).Session; !s.Over() || !s.Estimated || s.EnergyKWh != 120 || s.Price == nil || !s.EndedAt.Equal(h.End.Add(time.Hour)) {
			t.Errorf("%+v", s)
		}
		if e.raw.HGet(ctx, rsv, "future").Val() != "kept" {
			t.Error("a field of a later version is gone")
		}
	})
}

// A plug that is open may be taken back, however old; once it is answered only its
// end leads away. One that is older than charging.OpenPlug is named until it is decided.
func TestAnOpenPlug(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		h, next := e.reserved(t, e.hold(0)), e.reserved(t, e.hold(1))
		e.civil.set(h.Start.Add(-5 * time.Minute))
		if r := e.plug(t, h, charging.Arrival{}); !r.Open || r.Replay {
			t.Fatalf("%+v", r)
		}
		if r, err := e.Back(ctx, at(h)); err != nil || r.State != charging.Reserved || r.Session != nil {
			t.Fatalf("back: %+v, %v", r, err)
		}
		if z := e.raw.ZScore(ctx, e.calKey(), "R|"+unix(h.End)+"|"+string(h.ID)).Val(); int64(z) != h.Start.Unix() {
			t.Errorf("its entry begins at %v, not at the booked start", z)
		}
		e.plug(t, h, charging.Arrival{})
		if r, err := e.Answered(ctx, at(h)); err != nil || r.State != charging.Charging || r.Open {
			t.Fatalf("answered: %+v, %v", r, err)
		}
		// A plug that comes late, after its car was told no, is let in and nobody waits for
		// the answer: its originator hears of every one.
		if box := e.told(t); len(box) != 1 || box[0].ReservationID != h.ID || box[0].State != charging.Charging {
			t.Errorf("told of an answered plug: %+v", box)
		}
		if r, err := e.Back(ctx, at(h)); err != nil || r.State != charging.Charging {
			t.Errorf("back after the answer: %+v, %v", r, err)
		}
		if _, err := e.Complete(ctx, at(h), testMeter); err != nil {
			t.Fatal(err)
		}
		e.civil.set(next.Start)
		e.plug(t, next, charging.Arrival{})
		e.raw.HSet(ctx, e.rsvKey(next), "asked", time.Now().Add(-charging.OpenPlug).UnixMilli())
		e.told(t)
		for range 2 {
			v := e.tidy(t)
			if len(v) != 1 || v[0].ReservationID != next.ID || v[0].State != charging.Charging || v[0].Reason != charging.ReasonOpenPlug {
				t.Errorf("named %+v", v)
			}
		}
		if box := e.told(t); len(box) != 0 {
			t.Errorf("told before it is decided: %+v", box)
		}
		if r, err := e.Answered(ctx, at(next)); err != nil || r.State != charging.Charging || r.Open {
			t.Errorf("decided: %+v, %v", r, err)
		}
		if r, err := e.Back(ctx, at(next)); err != nil || r.State != charging.Charging {
			t.Errorf("back after that: %+v, %v", r, err)
		}
		if box := e.told(t); len(box) != 1 || box[0].Session == nil || box[0].Session.Over() {
			t.Errorf("outbox %+v", box)
		}
		if v := e.tidy(t); len(v) != 0 {
			t.Errorf("told again: %+v", v)
		}
	})
}

// told empties the outbox.
func (e *env) told(t testing.TB) []charging.OutboundNotice {
	t.Helper()
	box, err := e.Outbox(t.Context(), site, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range box {
		if err := e.Told(t.Context(), site, v); err != nil {
			t.Fatal(err)
		}
	}
	return box
}

// The driver who comes next is told that the plug is not free, once, and that it is.
func TestTheNextDriverIsTold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		h, next, after := e.reserved(t, e.hold(0)), e.reserved(t, e.hold(1.5)), e.reserved(t, e.hold(2.5))
		e.civil.set(h.Start)
		e.plug(t, h, charging.Arrival{})
		e.civil.set(h.End.Add(-time.Minute))
		if v := e.tidy(t); len(v) != 0 {
			t.Errorf("before the end: %+v", v)
		}
		e.civil.set(h.End.Add(time.Minute))
		v := e.tidy(t)
		if len(v) != 1 || v[0].ReservationID != next.ID || v[0].State != charging.Reserved || v[0].Reason != "EVSE_OCCUPIED" {
			t.Fatalf("%+v", v)
		}
		if v := e.tidy(t); len(v) != 0 {
			t.Errorf("told twice: %+v", v)
		}
		box, err := e.Outbox(t.Context(), site, 9)
		if err != nil || len(box) != 1 {
			t.Fatalf("%+v, %v", box, err)
		}
		if _, err := e.Complete(t.Context(), at(h), testMeter); err != nil {
			t.Fatal(err)
		}
		// The acknowledgement of the first word must not take the second one away.
		if err := e.Told(t.Context(), site, box[0]); err != nil {
			t.Fatal(err)
		}
		said := map[charging.ReservationID]string{}
		for _, n := range e.told(t) {
			said[n.ReservationID] = string(n.State) + " " + n.Reason
		}
		if said[next.ID] != "RESERVED EVSE_FREE" || said[h.ID] != "FULFILLED " || len(said) != 2 {
			t.Errorf("said %v", said)
		}
		e.wantState(t, after, charging.Reserved)
	})
}

// What a session without its car's word is billed: the power in that time, at most
// what was planned; and the car's word, bounded likewise, afterwards.
func TestEstimatedBills(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		planned, says float64
		want, then    float64
	}{
		"planned less":   {5, 4, 5, 4},
		"planned more":   {500, 99, 20, 26}, // 20 min and six of grace at 60 kW
		"planned nobody": {0, 0, 20, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, e *env) {
				ctx := t.Context()
				h := e.reserved(t, e.hold(0))
				e.civil.set(h.Start)
				e.plug(t, h, charging.Arrival{PlannedKWh: c.planned})
				e.civil.advance(20 * time.Minute)
				v, err := e.Withdraw(ctx, site, plug, "POWER_OUTAGE", testMeter)
				if err != nil || len(v) != 1 || v[0].State != charging.Fulfilled || v[0].Reason != "POWER_OUTAGE" {
					t.Fatalf("%+v, %v", v, err)
				}
				if s := e.told(t)[0].Session; !s.Estimated || s.EnergyKWh != c.want {
					t.Errorf("told %+v, want %v kWh", s, c.want)
				}
				e.civil.advance(10 * time.Minute)
				dear := testMeter
				dear.EnergyKWh, dear.Tariff.PerKWh = c.says, 100
				r, err := e.Complete(ctx, at(h), dear)
				if s := r.Session; err != nil || r.Replay || s.Estimated || s.EnergyKWh != c.then || s.Price.Energy != 2*c.then {
					t.Errorf("%+v, %v; want %v kWh at the first price", s, err, c.then)
				}
				again, err := e.Complete(ctx, at(h), dear)
				if err != nil || !again.Replay || *again.Session.Price != *r.Session.Price {
					t.Errorf("repeated: %+v, %v", again.Session, err)
				}
			})
		})
	}
}

// What is kept of a vehicle: the first claim holds, an open one that began later
// yields, one that has yielded is not answered.
func TestAVehiclesClaim(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		h, other := e.hold(0), e.hold(1)
		first, mine, err := e.ClaimCar(ctx, "EV-1", at(h), nil)
		if err != nil || !mine || !first.Open() {
			t.Fatalf("%+v, %t, %v", first, mine, err)
		}
		if v, mine, err := e.ClaimCar(ctx, "EV-1", at(other), nil); err != nil || mine || v != first {
			t.Errorf("another's: %+v, %t, %v", v, mine, err)
		}
		if v, mine, err := e.ClaimCar(ctx, "EV-1", at(h), nil); err != nil || !mine || v != first {
			t.Errorf("a repeat: %+v, %t, %v", v, mine, err)
		}
		later := charging.Contest{VehicleID: "EV-1", ReservationID: other.ID, EVSEID: "BR*SER*E1*1", StartedAt: first.StartedAt}
		if _, busy, err := e.ContestCar(ctx, later); err != nil || !busy {
			t.Errorf("at the same instant BR*MAR goes before BR*SER: %t, %v", busy, err)
		}
		later.StartedAt = "1"
		if _, busy, err := e.ContestCar(ctx, later); err != nil || busy {
			t.Errorf("one that began earlier: %t, %v", busy, err)
		}
		if ok, err := e.AnswerCar(ctx, "EV-1", first); err != nil || ok {
			t.Errorf("one that has yielded was answered: %v", err)
		}
		second, mine, err := e.ClaimCar(ctx, "EV-1", at(h), nil)
		if err != nil || !mine || second.StartedAt == first.StartedAt {
			t.Errorf("after it has yielded: %+v, %t, %v", second, mine, err)
		}
		if ok, err := e.AnswerCar(ctx, "EV-1", first); err != nil || ok {
			t.Errorf("a claim of before was answered: %v", err)
		}
		if ok, err := e.AnswerCar(ctx, "EV-1", second); err != nil || !ok {
			t.Errorf("%t, %v", ok, err)
		}
		if _, busy, err := e.ContestCar(ctx, later); err != nil || !busy {
			t.Errorf("against one that was answered: %t, %v", busy, err)
		}
		if err := e.FreeCar(ctx, "EV-1", second); err != nil {
			t.Fatal(err)
		}
		if _, busy, _ := e.ContestCar(ctx, later); !busy {
			t.Error("an open claim was freed after its answer")
		}
		if ttl := e.raw.PTTL(ctx, e.prefix+"car:{EV-1}").Val(); ttl < 24*time.Hour || ttl > 72*time.Hour {
			t.Errorf("it is kept for %s", ttl)
		}
		if err := e.FreeCar(ctx, "EV-1", charging.Visit{ReservationID: h.ID}); err != nil {
			t.Fatal(err)
		}
		if _, mine, err := e.ClaimCar(ctx, "EV-1", at(other), nil); err != nil || !mine {
			t.Errorf("after it is over: %t, %v", mine, err)
		}
	})
}

// A stop that the recovery brought back at an EVSE that is out of service stays where
// it is; and a stop that moves later keeps its record for as long.
func TestMovesThatNobodyWouldNotice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		h := e.reserved(t, e.hold(0))
		later := charging.Move{Ref: h.Ref, Seq: 1, To: charging.NewWindow(h.Start.Add(30*time.Hour), h.End.Add(30*time.Hour))}
		e.raw.HSet(ctx, e.prefix+"oos:{"+string(site)+"}", string(plug), "BROKEN_CHARGER")
		_, err := e.Move(ctx, at(h), later, testNoShow)
		refused(t, err, charging.CodeEVSEOutOfService)
		if r := e.read(t, h); !r.Window.Equal(h.Window()) {
			t.Errorf("moved to %s", r.Window)
		}
		if _, err := e.Withdraw(ctx, site, plug, "", testMeter); err != nil {
			t.Fatal(err)
		}
		mine := e.hold(30.5, pending)
		mine.TripID = h.TripID
		e.must(t, mine)
		_, err = e.Move(ctx, at(h), later, testNoShow)
		if r := refused(t, err, charging.CodeSlotTaken); !r.Conflict.Own {
			t.Errorf("met %+v", r.Conflict)
		}
		if _, err := e.Compensate(ctx, at(mine)); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Move(ctx, at(h), later, testNoShow); err != nil {
			t.Fatal(err)
		}
		want := later.To.End.Sub(e.civil.now()) + 48*time.Hour
		if ttl := e.raw.PTTL(ctx, e.rsvKey(h)).Val(); ttl < want-time.Minute || ttl > want+time.Minute {
			t.Errorf("the record lives %s, want %s", ttl, want)
		}
	})
}

// A grant after a recovery is fenced above what was brought back.
func TestRestoreLiftsTheFence(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		_, m := e.guard(t, "")
		fence := time.Now().Add(time.Hour).UnixMicro()
		h := e.hold(0)
		if _, err := m.RestoreBooking(t.Context(), site, promise(h, fence, charging.OutcomeConfirmed), 0, false); err != nil {
			t.Fatal(err)
		}
		if g := e.must(t, e.hold(2)); g.Fence <= fence {
			t.Errorf("fence %d after %d", g.Fence, fence)
		}
	})
}

// What was restored as a session does not stand beside one that is there.
func TestRestoreBesideACar(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		_, m := e.guard(t, "")
		there, lost := e.reserved(t, e.hold(0)), e.hold(1)
		e.civil.set(there.Start)
		e.plug(t, there, charging.Arrival{})
		e.civil.set(lost.Start.Add(time.Minute))
		r, err := m.RestoreBooking(t.Context(), site, promise(lost, 7, charging.OutcomeConfirmed), testNoShow, false)
		if err != nil || r.State != charging.Reserved {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// An owner is remembered for as long as its farthest window, also after an action of a
// newer one with a nearer window.
func TestAFormerOwnerIsRememberedForLong(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		far := e.hold(100)
		e.must(t, far)
		own := e.prefix + "own:{" + string(site) + "}:SER:" + string(far.TripID)
		before := e.raw.PTTL(ctx, own).Val()
		near := e.hold(0)
		near.TripID, near.Epoch, near.Owner = far.TripID, 2, "b"
		e.must(t, near)
		if after := e.raw.PTTL(ctx, own).Val(); after < before-time.Minute {
			t.Errorf("remembered for %s instead of %s", after, before)
		}
		_, err := e.Compensate(ctx, at(e.hold(3, func(h *charging.Hold) { h.TripID = far.TripID })))
		refused(t, err, charging.CodeStaleOwner)
	})
}

// A hold whose record is gone is in the way while its lock is in force.
func TestAHoldWithoutARecord(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		h := e.hold(0, pending)
		e.must(t, h)
		e.raw.Del(t.Context(), e.rsvKey(h))
		_, err := e.Hold(t.Context(), e.hold(0, ticket("1")))
		refused(t, err, charging.CodePriorityLost)
		e.lapse(t, h)
		e.must(t, e.hold(0, ticket("1")))
	})
}

// A plug is for its window: not while a hold or another's stop lies between.
func TestBetweenNowAndTheWindow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		h := e.reserved(t, e.hold(1))
		e.civil.set(h.Start.Add(-9 * time.Minute))
		between := e.hold(0)
		between.Start, between.End = h.Start.Add(-8*time.Minute), h.Start.Add(-2*time.Minute)
		e.must(t, between)
		_, err := e.Start(t.Context(), at(h), charging.Arrival{}, within(testEarly, testNoShow))
		if r := refused(t, err, charging.CodeTooEarly); !strings.Contains(r.Detail, between.End.UTC().Format(time.RFC3339)) {
			t.Error(r.Detail)
		}
		e.lapse(t, between)
		e.plug(t, h, charging.Arrival{})
		e.wantState(t, between, charging.Expired)
		entries := e.raw.ZRangeWithScores(t.Context(), e.calKey(), 0, -1).Val()
		if !slices.EqualFunc(entries, []int64{h.Start.Add(-9 * time.Minute).Unix()}, func(z redis.Z, at int64) bool { return int64(z.Score) == at }) {
			t.Errorf("entries %v", entries)
		}
	})
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
