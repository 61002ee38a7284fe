package fleet

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// pair is a location of MAR with two EVSEs, and SER's, in one place.
func pair(ctx context.Context) ([]api.Location, error) {
	list, err := sites(ctx)
	other := list[0].EVSEs[0]
	other.EVSEID = "BR*MAR*E0001*2"
	list[0].EVSEs = append(list[0].EVSEs, other)
	return list, err
}

// twoStops are at one place, the second an hour and a half after the first.
func twoStops(at time.Time) trip.Plan {
	p := planFrom(at)
	second := p.Stops[0]
	second.Leg, second.CompanyID, second.EVSEID = 2, "SER", evse2
	second.Start, second.End, second.DepartSoC = second.Start.Add(90*time.Minute), second.End.Add(90*time.Minute), 0.95
	p.Stops = append(p.Stops, second)
	return p
}

const rid2 = charging.ReservationID("01890a5d-ac96-774b-bcce-b302099a8002")

func bookedTwice(p trip.Plan) trip.Trip {
	t := tripOf(p, trip.Confirmed)
	t.Legs[1].ReservationID = rid2
	return t
}

// misbehave plays one car that tries one misdeed, with a plan of two stops. Its
// companies say yes to everything, as a simulator that keeps the rules by itself
// would, but where refuse says otherwise.
func misbehave(t *testing.T, m Misdeed, refuse map[carlink.Action][]carlink.Reply) (Summary, *scripted) {
	t.Helper()
	plan := twoStops(time.Now().Add(10 * time.Minute))
	s := &scripted{answers: answers(plan)}
	s.answers[carlink.ActionTrip] = []carlink.Reply{good(201, bookedTwice(plan))}
	s.answers[carlink.ActionSwap] = []carlink.Reply{good(200, bookedTwice(plan))}
	for a, list := range refuse {
		s.answers[a] = list
	}
	o := base(s)
	o.Locations, o.Cast[0].Misdeeds = pair, []Misdeed{m, ""}
	sum, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return sum, s
}

// TestNothingComesOfMisdeeds, where the companies keep the rules: the attempt and
// its answer are counted, and the books balance.
func TestNothingComesOfMisdeeds(t *testing.T) {
	yes := good(200, map[string]any{})
	canceling := trip.Trip{ID: tripID, State: trip.Confirmed, Kept: []trip.Kept{{Leg: 1, Code: charging.CodeSessionOpen}}}
	for m, tt := range map[Misdeed]struct {
		answer string
		refuse map[carlink.Action][]carlink.Reply
	}{
		Stranger:   {"NO_RESERVATION_HERE", map[carlink.Action][]carlink.Reply{carlink.ActionPlug: {bad(409, charging.CodeNoReservationHere), yes}}},
		Backwards:  {"TOO_EARLY", map[carlink.Action][]carlink.Reply{carlink.ActionUnplug: {bad(409, charging.CodeTooEarly), yes}}},
		Barge:      {"EVSE_OCCUPIED", map[carlink.Action][]carlink.Reply{carlink.ActionPlug: {bad(409, charging.CodeEVSEOccupied), yes}}},
		Twice:      {LetIn, nil},
		Overtaken:  {Kept, map[carlink.Action][]carlink.Reply{carlink.ActionUnplug: {good(202, map[string]any{"state": "RESERVED"}), yes}}},
		SecondPlug: {"VEHICLE_BUSY", map[carlink.Action][]carlink.Reply{carlink.ActionPlug: {yes, bad(409, charging.CodeVehicleBusy), yes}}},
		SwapAway:   {"SESSION_OPEN", map[carlink.Action][]carlink.Reply{carlink.ActionSwap: {bad(409, charging.CodeSessionOpen)}}},
		CancelAway: {Kept, map[carlink.Action][]carlink.Reply{carlink.ActionCancel: {good(200, canceling)}}},
		Slink:      {"VEHICLE_BUSY", map[carlink.Action][]carlink.Reply{carlink.ActionPlug: {yes, bad(409, charging.CodeVehicleBusy), yes}}},
	} {
		t.Run(string(m), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sum, s := misbehave(t, m, tt.refuse)
				if sum.Imbalanced != 0 || sum.Manners[m][tt.answer] != 1 || len(sum.Manners) != 1 || sum.Counts[Misbehaved] != 1 {
					t.Errorf("%v, %+v, asked %v", sum.Manners, sum.Imbalances, s.actions())
				}
				r := sum.Records[0]
				if len(r.Sessions) == 0 || r.Ending != Arrived || !slices.Contains(r.OffPlan, badManners) {
					t.Errorf("%+v", r)
				}
			})
		})
	}
}

// TestWhatIsLetHappenIsFound: companies that say yes to everything do not pass.
func TestWhatIsLetHappenIsFound(t *testing.T) {
	for m, tt := range map[Misdeed]struct {
		what, detail string
		refuse       map[carlink.Action][]carlink.Reply
	}{
		Stranger:   {"manners", "booked nothing", nil},
		Backwards:  {"manners", "had not begun", nil},
		Twice:      {"manners", "of two plugs of one car", map[carlink.Action][]carlink.Reply{carlink.ActionPlug: {good(200, map[string]any{}), bad(409, charging.CodeEVSEOccupied), good(200, map[string]any{})}}},
		Overtaken:  {"manners", "had not begun", nil},
		SecondPlug: {"manners", "while it charges", nil},
		SwapAway:   {"manners", "was changed while", nil},
		CancelAway: {"manners", "under its session", nil},
		Slink:      {"manners", "while its session here was open", nil},
	} {
		t.Run(string(m), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sum, s := misbehave(t, m, tt.refuse)
				if !slices.ContainsFunc(sum.Imbalances, func(i Imbalance) bool { return i.What == tt.what && strings.Contains(i.Detail, tt.detail) }) || sum.Good() {
					t.Errorf("%+v, asked %v", sum.Imbalances, s.actions())
				}
			})
		})
	}
}

// TestTwoCarsAtOnePlug: one charges, and the other one plugs in beside it. What
// comes of that is up to the company.
func TestTwoCarsAtOnePlug(t *testing.T) {
	for name, second := range map[string]carlink.Reply{
		"let in":  good(200, map[string]any{}),
		"refused": bad(409, charging.CodeEVSEOccupied),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				first, later := planFrom(began.Add(10*time.Minute)), planFrom(began.Add(45*time.Minute))
				later.Stops[0].Start = first.Stops[0].End
				later.Stops[0].End = first.Stops[0].End.Add(40 * time.Minute)
				links := []*scripted{{answers: answers(first)}, {answers: answers(later)}}
				links[1].answers[carlink.ActionPlug] = []carlink.Reply{second, good(200, map[string]any{})}
				other := tripOf(later, trip.Confirmed)
				other.Legs[0].ReservationID = rid2
				links[1].answers[carlink.ActionTrip] = []carlink.Reply{good(201, other)}
				o := base(nil)
				o.Cars, o.Cast = 2, []Role{o.Cast[0], o.Cast[0]}
				o.Cast[0].SoC, o.Cast[1].Misdeeds = 0.6, []Misdeed{Barge}
				o.Credential = func(_ context.Context, c Car, _ Server) (Identity, error) {
					return Identity{[]charging.VehicleID{"EV-0001", "EV-0002"}[c.Index], "s"}, nil
				}
				o.Dial = func(_ Server, id Identity) (Link, error) { return links[id.VehicleID[6]-'1'], nil }
				sum, err := Run(t.Context(), o)
				if err != nil || sum.Crowded == 0 || sum.Rude != 1 || sum.Manners[Barge] == nil {
					t.Fatalf("%v, %d crowded, %v", err, sum.Crowded, sum.Manners)
				}
				found := slices.ContainsFunc(sum.Imbalances, func(i Imbalance) bool {
					return i.What == "exclusive" && i.Vehicle == "EV-0002" && strings.Contains(i.Detail, "was used by EV-0001")
				})
				if found != (name == "let in") || sum.Good() == found {
					t.Errorf("found %v: %+v", found, sum.Imbalances)
				}
			})
		})
	}
}

// TestOccupiedTakesAnAlternative: a car that hears at the plug that somebody is
// there waits, asks again, and takes what it is offered.
func TestOccupiedTakesAnAlternative(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		moved := tripOf(plan, trip.Confirmed)
		moved.Legs[0].EVSEID, moved.Legs[0].CompanyID, moved.Legs[0].ReservationID = evse2, "SER", rid2
		occupied := good(409, map[string]any{"code": charging.CodeEVSEOccupied, "alternatives": []trip.Alternative{{ID: "a3", EVSEID: evse2}}})
		s := &scripted{answers: answers(plan)}
		s.answers[carlink.ActionPlug] = []carlink.Reply{occupied, occupied, occupied, occupied, occupied, occupied, good(200, map[string]any{})}
		s.answers[carlink.ActionSwap] = []carlink.Reply{good(200, moved)}
		got := play(t, s, nil)
		r := got.one(t, Arrived)
		if r.Sessions[0].EVSE != evse2 || got.Counts[Refused] != 6 || got.Counts[Accepted] != 1 || !r.FollowedPlan() {
			t.Errorf("%+v, %v", r, got.Counts)
		}
		if waited := r.Sessions[0].Asked.Sub(plan.Stops[0].Start); waited < 14*time.Minute || waited > 20*time.Minute {
			t.Errorf("waited %s", waited)
		}
	})
}

// TestASessionThatWasOverBeforeItWasAnswered: the car says that it has got nothing,
// and looks for another stop.
func TestASessionThatWasOverBeforeItWasAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		s := &scripted{answers: answers(plan)}
		s.answers[carlink.ActionPlan] = append(s.answers[carlink.ActionPlan], good(200, map[string]any{"plans": []trip.Plan{direct(plan.Stops[0].End)}}))
		s.answers[carlink.ActionPlug] = []carlink.Reply{bad(409, charging.CodeSessionEnded)}
		r := play(t, s, nil).one(t, Arrived)
		asked4(t, s, carlink.ActionPlan, carlink.ActionTrip, carlink.ActionPlug, carlink.ActionUnplug, carlink.ActionCancel, carlink.ActionPlan)
		if len(r.Sessions) != 1 || r.Sessions[0].MeterKWh != 0 || s.asked[3].body["energy_kwh"] != 0.0 {
			t.Errorf("%+v", r.Sessions)
		}
	})
}

// TestTheStopIsWhatItsCompanySays: it was changed while the car was on its way.
func TestTheStopIsWhatItsCompanySays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		s := &scripted{answers: answers(plan)}
		s.answers[carlink.ActionPlug] = []carlink.Reply{good(200, map[string]any{"reservation_id": rid2, "state": "CHARGING"})}
		if r := play(t, s, nil).one(t, Arrived); r.Sessions[0].ReservationID != rid2 {
			t.Errorf("%+v", r.Sessions[0])
		}
	})
}

// TestNeverSaysThatItHasLeft: the session stays open until its company ends it.
func TestNeverSaysThatItHasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		s := &scripted{answers: answers(plan)}
		got := play(t, s, func(o *Options) { o.Cast[0].Misdeeds = []Misdeed{Slink} })
		r := got.one(t, Arrived)
		if slices.Contains(s.actions(), carlink.ActionUnplug) || !r.Sessions[0].Silent || got.Manners[Slink][Untold] != 1 {
			t.Errorf("%+v, asked %v", r, s.actions())
		}
		ended := plan.Stops[0].End.Add(20 * time.Minute)
		r.close(trip.Trip{Legs: []trip.Leg{{ReservationID: rid, Session: &charging.Session{EndedAt: ended}}}})
		if !r.Sessions[0].Released.Equal(ended) {
			t.Errorf("released at %s", r.Sessions[0].Released)
		}
	})
}

// TestKeptStopsAreWaitedFor: what a cancel could not give back binds the car.
func TestKeptStopsAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		plan.Stops[0].Start, plan.Stops[0].End = plan.Departure.Add(70*time.Minute), plan.Departure.Add(110*time.Minute)
		kept := tripOf(plan, trip.Confirmed)
		kept.Kept = []trip.Kept{{Leg: 1, Code: charging.CodeCancelTooLate}}
		s := &scripted{answers: answers(plan)}
		s.answers[carlink.ActionPlan] = append(s.answers[carlink.ActionPlan], good(200, map[string]any{"plans": []trip.Plan{direct(plan.Departure)}}))
		s.answers[carlink.ActionCancel] = []carlink.Reply{good(200, kept), good(200, tripOf(plan, trip.Canceled))}
		r := play(t, s, nil).one(t, Arrived)
		if waited := r.Phases[0].To; kinds(r)[0] != PhaseWait || waited.Before(plan.Stops[0].Start.Add(15*time.Minute)) {
			t.Errorf("%+v", r.Phases)
		}
	})
}

// TestPowerCutEndsTheCharge, not the session: the car leaves with what it has.
func TestPowerCutEndsTheCharge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		whole := play(t, &scripted{answers: answers(plan)}, nil).one(t, Arrived).Sessions[0]
		plan = planFrom(time.Now().Add(10 * time.Minute))
		cut := plan.Stops[0].Start.Add(4 * time.Minute)
		s := &scripted{answers: answers(plan)}
		got := play(t, s, func(o *Options) {
			o.World.Events = []Event{{Kind: Outage, Company: "MAR", At: time.Until(cut), For: time.Hour}, {Kind: Outage, Company: "SER", For: time.Hour}}
		}).one(t, Arrived).Sessions[0]
		if got.Released.Sub(cut).Abs() > timeTolerance || got.MeterKWh >= whole.MeterKWh || got.MeterKWh <= 0 {
			t.Errorf("left at %s with %.1f of %.1f kWh", got.Released, got.MeterKWh, whole.MeterKWh)
		}
	})
}

// TestMannersMustBeTried: cars without manners that try nothing show nothing.
func TestMannersMustBeTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		o := base(&scripted{answers: answers(plan)})
		o.Cast[0].Misdeeds = []Misdeed{Stranger} // there is no second EVSE to try
		sum, err := Run(t.Context(), o)
		if err != nil || sum.Good() || len(sum.Imbalances) != 1 || sum.Imbalances[0].What != "manners" {
			t.Errorf("%v, %+v", err, sum.Imbalances)
		}
	})
}
