package fleet

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// played is what a scripted run gave.
type played struct {
	Summary
	notices []Notice
}

// play runs one car in fake time. The books of every run must balance.
func play(t *testing.T, s *scripted, change func(*Options)) played {
	t.Helper()
	var p played
	o := base(s)
	o.Report = func(n Notice) { p.notices = append(p.notices, n) }
	if change != nil {
		change(&o)
	}
	var err error
	if p.Summary, err = Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if !s.closed {
		t.Error("the link stays open")
	}
	if p.Imbalanced != 0 {
		t.Errorf("the books do not balance: %+v", p.Imbalances)
	}
	return p
}

// one is the record of the only journey.
func (p played) one(t *testing.T, want Ending) Record {
	t.Helper()
	if len(p.Records) != 1 || p.Records[0].Ending != want {
		t.Fatalf("want one journey that ends %s: %+v", want, p.Records)
	}
	return p.Records[0]
}

func counts(t *testing.T, got played, want map[Outcome]int) {
	t.Helper()
	want[Connected] = 1
	if !reflect.DeepEqual(got.Counts, want) {
		t.Errorf("counts %v, want %v", got.Counts, want)
	}
}

func asked4(t *testing.T, s *scripted, want ...carlink.Action) {
	t.Helper()
	if got := s.actions(); !slices.Equal(got, want) {
		t.Errorf("asked %v, want %v", got, want)
	}
}

func TestJourney(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		s := &scripted{answers: answers(plan)}
		got := play(t, s, nil)
		counts(t, got, map[Outcome]int{Planned: 1, Reserved: 1, Driving: 1, Charging: 1, Done: 1})
		asked4(t, s, carlink.ActionPlan, carlink.ActionTrip, carlink.ActionPlug, carlink.ActionUnplug)
		r := got.one(t, Arrived)
		if r.Km < 240 || r.Km > 300 || !r.Departure.Equal(plan.Departure) || len(r.Sessions) != 1 || !r.FollowedPlan() {
			t.Errorf("%+v", r)
		}
		x := r.Sessions[0]
		if x.Plugged.Before(plan.Stops[0].Start) || x.Unplugged.After(plan.Stops[0].End) || x.ToSoC < 0.79 || x.Price < 1+2*x.MeterKWh-0.01 {
			t.Errorf("%+v", x)
		}
		if !slices.Equal(kinds(r), []PhaseKind{PhaseDrive, PhaseWait, PhaseCharge, PhaseDrive}) {
			t.Errorf("phases %+v", r.Phases)
		}
		if b := s.asked[1].body; b["plan_id"] != "p1" || b["vehicle_id"] != "EV-0001" {
			t.Errorf("asked for the trip %v", b)
		}
		if b := s.asked[3].body; b["evse_id"] != string(evse1) || b["energy_kwh"].(float64) < x.MeterKWh-0.01 {
			t.Errorf("left with %v", b)
		}
		checkTelemetry(t, s.telemetry)
		if got.Companies["MAR"].Sessions != 1 || got.Companies["MAR"].Price != round(x.Price, 100) || got.Waits.N != 1 || got.Answers[carlink.ActionPlan].N != 1 {
			t.Errorf("%+v", got.Summary)
		}
	})
}

func kinds(r Record) (out []PhaseKind) {
	for _, p := range r.Phases {
		out = append(out, p.Kind)
	}
	return out
}

// checkTelemetry: valid reports, whose charge falls while driving and rises while
// charging, but for the noise of the sensors.
func checkTelemetry(t *testing.T, reports []carlink.Telemetry) {
	t.Helper()
	fell, rose := 0, 0
	for i, r := range reports {
		if err := r.Validate(); err != nil {
			t.Fatalf("report %d: %v", i, err)
		}
		if i == 0 {
			continue
		}
		switch change := r.SoC - reports[i-1].SoC; {
		case r.PowerKW < 0 && change > 0:
			rose++
		case r.PowerKW >= 0 && change < 0:
			fell++
		case change > 0.02:
			t.Errorf("report %d: the charge rises on the road by %v", i, change)
		}
	}
	if fell < 50 || rose < 10 {
		t.Errorf("the charge fell %d and rose %d times in %d reports", fell, rose, len(reports))
	}
}

// TestSameSeedSameBooks: in a world that answers alike, a journey is the same to
// the last metre, however often telemetry is sent.
func TestSameSeedSameBooks(t *testing.T) {
	var first Record
	for i, interval := range []time.Duration{time.Second, 7 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := &scripted{answers: answers(planFrom(time.Now().Add(10 * time.Minute)))}
			got := play(t, s, func(o *Options) { o.Telemetry = interval }).one(t, Arrived)
			if i == 0 {
				first = got
			} else if !reflect.DeepEqual(got, first) {
				t.Errorf("%+v\nand\n%+v", got, first)
			}
		})
	}
}

func TestDecisionTakesTheBestAlternative(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		asking := tripOf(plan, trip.AwaitingDecision)
		asking.Decision = &trip.Decision{Leg: 1, Code: charging.CodePriorityLost, Alternatives: []trip.Alternative{{ID: "a1"}, {ID: "a2"}}}
		other := tripOf(plan, trip.Confirmed)
		other.Legs[0].EVSEID, other.Legs[0].CompanyID = evse2, "SER"
		s := &scripted{answers: answers(plan)}
		s.answers[carlink.ActionTrip] = []carlink.Reply{good(201, asking)}
		s.answers[carlink.ActionDecision] = []carlink.Reply{good(200, other)}
		got := play(t, s, nil)
		counts(t, got, map[Outcome]int{Planned: 1, Decided: 1, Reserved: 1, Driving: 1, Charging: 1, Done: 1})
		if d := s.asked[2]; d.trip != tripID || d.body["alternative_id"] != "a1" || d.body["action"] != "continue" {
			t.Errorf("decided %+v", d)
		}
		if r := got.one(t, Arrived); r.Sessions[0].EVSE != evse2 {
			t.Errorf("charged at %s", r.Sessions[0].EVSE)
		}
	})
}

func TestGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		asking := tripOf(plan, trip.AwaitingDecision)
		asking.Decision = &trip.Decision{Leg: 1, Alternatives: []trip.Alternative{{ID: "a1"}}}
		s := &scripted{answers: answers(plan)}
		s.answers[carlink.ActionTrip] = []carlink.Reply{good(201, asking)}
		s.answers[carlink.ActionDecision] = []carlink.Reply{good(200, tripOf(plan, trip.Aborted))}
		play(t, s, func(o *Options) { o.Odds = &Odds{GiveUp: 1} }).one(t, GaveUp)
		if d := s.asked[2]; d.body["action"] != "give_up" {
			t.Errorf("decided %+v", d)
		}
	})
}

func TestAbortedIsPlannedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		aborted := tripOf(plan, trip.Aborted)
		aborted.Problem = &trip.Problem{Code: charging.CodeSlotTaken, Detail: "somebody was first"}
		hopeless := tripOf(plan, trip.AwaitingDecision)
		hopeless.Decision = &trip.Decision{Leg: 1}
		s := &scripted{answers: answers(plan)}
		s.answers[carlink.ActionTrip] = []carlink.Reply{good(201, aborted), bad(404, charging.CodeUnknownPlan), good(201, hopeless)}
		s.answers[carlink.ActionDecision] = []carlink.Reply{good(200, aborted)}
		got := play(t, s, nil)
		if got.Counts[Planned] != attempts || got.Counts[Aborted] != attempts+1 {
			t.Errorf("%v", got.Counts)
		}
		if r := got.one(t, Lost); !strings.Contains(r.Reason, "SLOT_TAKEN") {
			t.Errorf("because %s", r.Reason)
		}
		if s.asked[len(s.asked)-1].body["action"] != "give_up" {
			t.Errorf("decided %v where nothing is left", s.asked[len(s.asked)-1].body)
		}
		if !slices.ContainsFunc(got.notices, func(e Notice) bool {
			return e.What == Aborted && e.Car == "EV-0001" && strings.Contains(e.Detail, "SLOT_TAKEN: somebody was first")
		}) {
			t.Errorf("nobody is told why: %+v", got.notices)
		}
	})
}

// TestImpossible: the car asks with less and less in reserve, then stays.
func TestImpossible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answers: map[carlink.Action][]carlink.Reply{carlink.ActionPlan: {bad(422, charging.CodeInfeasibleTrip)}}}
		play(t, s, nil).one(t, Impossible)
		asked4(t, s, carlink.ActionPlan, carlink.ActionPlan, carlink.ActionPlan)
		if a, b := s.asked[0].body["min_arrival_soc"], s.asked[2].body["min_arrival_soc"]; a != 0.1 || b != 0.02 {
			t.Errorf("asked for %v, then %v", a, b)
		}
	})
}

func TestSilenceEndsTheJourney(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := play(t, &scripted{}, nil)
		got.one(t, Unheard)
		if got.Counts[Unanswered] != 1 || got.Counts[Connected] != 0 {
			t.Errorf("%v", got.Counts)
		}
	})
}

// TestPunctual: reports are rare and the clock is fast, and the car plugs in when
// its window begins all the same.
func TestPunctual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		plan := planFrom(began.Add(10 * time.Minute))
		got := play(t, &scripted{answers: answers(plan)}, func(o *Options) {
			o.Speed, o.Telemetry = 600, 5*time.Second
			o.Now = func() time.Time { return began.Add(600 * time.Since(began)) }
		})
		x := got.one(t, Arrived).Sessions[0]
		if late := x.Plugged.Sub(plan.Stops[0].Start); late < 0 || late > 10*time.Second {
			t.Errorf("plugged in %s after the window's start", late)
		}
	})
}

// TestRefusedAtThePlug: the car gives the rest back, and books another stop from
// where it stands.
func TestRefusedAtThePlug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		s := &scripted{answers: answers(plan)}
		s.answers[carlink.ActionPlan] = append(s.answers[carlink.ActionPlan], good(200, map[string]any{"plans": []trip.Plan{direct(plan.Stops[0].End)}}))
		s.answers[carlink.ActionPlug] = []carlink.Reply{bad(409, charging.CodeTooLate)}
		got := play(t, s, nil)
		counts(t, got, map[Outcome]int{Planned: 2, Reserved: 1, Driving: 1, Refused: 1, Replanned: 1, Done: 1})
		asked4(t, s, carlink.ActionPlan, carlink.ActionTrip, carlink.ActionPlug, carlink.ActionCancel, carlink.ActionPlan)
		o, _ := s.asked[4].body["origin"].(map[string]any)
		if lat, _ := o["lat"].(float64); lat > -8.5 || lat < -8.9 {
			t.Errorf("planned from %v, not from Palmares", o)
		}
	})
}

func TestTooEarlyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		s := &scripted{answers: answers(plan)}
		s.answers[carlink.ActionPlug] = []carlink.Reply{bad(409, charging.CodeTooEarly), good(200, map[string]any{})}
		got := play(t, s, nil)
		counts(t, got, map[Outcome]int{Planned: 1, Reserved: 1, Driving: 1, Refused: 1, Charging: 1, Done: 1})
	})
}

// TestLateIsPlannedAgain: who cannot be there before the no-show time books other
// stops, once it can get rid of the old ones.
func TestLateIsPlannedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		plan.Stops[0].Start, plan.Stops[0].End = plan.Departure.Add(70*time.Minute), plan.Departure.Add(110*time.Minute)
		s := &scripted{answers: answers(plan)}
		s.answers[carlink.ActionPlan] = append(s.answers[carlink.ActionPlan], good(200, map[string]any{"plans": []trip.Plan{direct(plan.Departure)}}))
		s.answers[carlink.ActionCancel] = []carlink.Reply{bad(409, charging.CodeCancelTooLate), good(200, tripOf(plan, trip.Canceled))}
		got := play(t, s, nil)
		counts(t, got, map[Outcome]int{Planned: 2, Reserved: 1, Driving: 1, Replanned: 1, Done: 1})
		asked4(t, s, carlink.ActionPlan, carlink.ActionTrip, carlink.ActionCancel, carlink.ActionCancel, carlink.ActionPlan)
		r := got.one(t, Arrived)
		if waited := r.Phases[0].To; kinds(r)[0] != PhaseWait || waited.Before(plan.Stops[0].Start.Add(15*time.Minute)) {
			t.Errorf("%+v", r.Phases)
		}
	})
}

// TestShortOfCharge: a car that would not get there drives slowly, then looks for
// other stops; one that finds none stands, with what is left.
func TestShortOfCharge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := direct(time.Now().Add(10 * time.Minute))
		s := &scripted{answers: answers(plan)}
		s.answers[carlink.ActionPlan] = append(s.answers[carlink.ActionPlan], bad(422, charging.CodeInfeasibleTrip))
		got := play(t, s, func(o *Options) { o.Cast[0].SoC, o.Cast[0].Discharge = 0.4, carlink.Fast })
		r := got.one(t, Empty)
		if got.StrandedFollowing != 1 || r.EndKWh <= 0 || got.Good() {
			t.Errorf("%+v", got.Summary)
		}
	})
}

// TestRunsEmpty: where there is no network, nobody can be asked, and the battery
// ends in the middle of a piece.
func TestRunsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answers: answers(direct(time.Now().Add(10 * time.Minute)))}
		got := play(t, s, func(o *Options) {
			o.Cast[0].SoC = 0.3
			o.World.Events = []Event{{Kind: DeadZone, For: 1000 * time.Hour, Near: point(from), RadiusKm: 1000}}
		})
		r := got.one(t, Empty)
		if r.EndKWh != 0 || r.Km < 50 || r.Km > 150 || got.Counts[Dark] != 1 {
			t.Errorf("%+v", r)
		}
		if last := s.telemetry[len(s.telemetry)-1]; last.SoC != 0 {
			t.Errorf("stranded with %v", last.SoC)
		}
		if !slices.Equal(s.dark, []bool{true, false}) {
			t.Errorf("network gone: %v", s.dark)
		}
	})
}

// TestWithdrawnOnTheWay: the trip that is heard on the way asks for a decision.
func TestWithdrawnOnTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		heard := tripOf(plan, trip.Confirmed)
		heard.UpdatedAt = heard.UpdatedAt.Add(time.Minute)
		heard.Decision = &trip.Decision{Leg: 1, Alternatives: []trip.Alternative{{ID: "other"}}}
		moved := tripOf(plan, trip.Confirmed)
		moved.Legs[0].EVSEID, moved.UpdatedAt = evse2, heard.UpdatedAt
		s := &scripted{heard: map[charging.TripID]trip.Trip{tripID: heard}, lost: 2, answers: answers(plan)}
		s.answers[carlink.ActionDecision] = []carlink.Reply{good(200, moved)}
		got := play(t, s, nil)
		counts(t, got, map[Outcome]int{Planned: 1, Reserved: 1, Driving: 1, Decided: 1, Charging: 1, Done: 1, Disconnected: 2})
		if r := got.one(t, Arrived); r.Sessions[0].EVSE != evse2 {
			t.Errorf("charged at %s", r.Sessions[0].EVSE)
		}
	})
}

// TestProposal: the server proposes another stop by an alert, and the driver takes
// it or does not.
func TestProposal(t *testing.T) {
	for refuse, want := range map[float64]charging.EVSEID{0: evse2, 1: evse1} {
		synctest.Test(t, func(t *testing.T) {
			plan := planFrom(time.Now().Add(10 * time.Minute))
			moved := tripOf(plan, trip.Confirmed)
			moved.Legs[0].EVSEID = evse2
			s := &scripted{answers: answers(plan), alerts: []carlink.Alert{
				{Code: charging.CodeMalformedRequest, Detail: "no proposal"},
				{TripID: tripID, Leg: 1, Proposal: []byte(`{"leg":1,"alternatives":[{"alternative_id":"a7"}]}`)},
			}}
			s.answers[carlink.ActionDecision] = []carlink.Reply{good(200, moved)}
			got := play(t, s, func(o *Options) { o.Odds = &Odds{Refuse: refuse} })
			if r := got.one(t, Arrived); r.Sessions[0].EVSE != want || got.Counts[Alerted] != 2 || got.Counts[Accepted]+got.Counts[Declined] != 1 {
				t.Errorf("charged at %s, %v", r.Sessions[0].EVSE, got.Counts)
			}
		})
	}
}

// TestProposalThatIsGone is no failure: the car keeps what it has.
func TestProposalThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{
			answers: answers(planFrom(time.Now().Add(10 * time.Minute))),
			alerts:  []carlink.Alert{{TripID: tripID, Leg: 1, Proposal: []byte(`{"leg":1,"alternatives":[{"alternative_id":"a7"}]}`)}},
		}
		s.answers[carlink.ActionDecision] = []carlink.Reply{bad(409, charging.CodeNotAwaitingDecision)}
		got := play(t, s, nil)
		counts(t, got, map[Outcome]int{Planned: 1, Reserved: 1, Driving: 1, Alerted: 1, Charging: 1, Done: 1})
	})
}

// TestQuirks: what does not go by the plan.
func TestQuirks(t *testing.T) {
	for name, tt := range map[string]struct {
		odds  Odds
		end   Ending
		check func(r Record, p trip.Plan, s *scripted) bool
	}{
		"late": {Odds{Late: 1}, Arrived, func(r Record, p trip.Plan, _ *scripted) bool {
			return r.Departure.After(p.Departure.Add(2*time.Minute)) && r.FollowedPlan()
		}},
		"detour": {Odds{Detour: 1}, Arrived, func(r Record, _ trip.Plan, _ *scripted) bool {
			return slices.Equal(r.OffPlan, []string{"detour"}) && r.Km > 250
		}},
		"break-down": {Odds{BreakDown: 1}, Broken, func(r Record, _ trip.Plan, s *scripted) bool {
			return slices.Contains(s.actions(), carlink.ActionCancel) && r.Km > 0
		}},
		"canceled": {Odds{Cancel: 1}, Withdrawn, func(r Record, _ trip.Plan, s *scripted) bool {
			return slices.Contains(s.actions(), carlink.ActionCancel) && r.Departure.IsZero()
		}},
		"no show": {Odds{NoShow: 1}, NeverCame, func(r Record, _ trip.Plan, s *scripted) bool {
			return !slices.Contains(s.actions(), carlink.ActionCancel) && r.Km == 0
		}},
		"overstaying": {Odds{Overstay: 1}, Arrived, func(r Record, p trip.Plan, _ *scripted) bool {
			x := r.Sessions[0]
			return x.Overstayed >= 5*time.Minute && x.Overstay == 7 && x.Billed && x.Unplugged.After(p.Stops[0].End)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				plan := planFrom(time.Now().Add(10 * time.Minute))
				plan.Stops[0].Start, plan.Stops[0].End = plan.Stops[0].Start.Add(time.Hour), plan.Stops[0].End.Add(time.Hour)
				s := &scripted{answers: answers(plan)}
				got := play(t, s, func(o *Options) {
					o.Odds = &tt.odds
					if name == "overstaying" {
						s.answers[carlink.ActionUnplug] = []carlink.Reply{overstayed(t)}
					}
				})
				if r := got.one(t, tt.end); !tt.check(r, plan, s) {
					t.Errorf("%+v, asked %v", r, s.actions())
				}
			})
		})
	}
}

// overstayed is a company's bill for what the journey of TestQuirks takes.
func overstayed(t *testing.T) carlink.Reply {
	t.Helper()
	var kWh float64
	plan := planFrom(time.Now().Add(10 * time.Minute))
	plan.Stops[0].Start, plan.Stops[0].End = plan.Stops[0].Start.Add(time.Hour), plan.Stops[0].End.Add(time.Hour)
	s := &scripted{answers: answers(plan)}
	r := play(t, s, func(o *Options) { o.Cast[0].Wait = time.Minute }).one(t, Arrived)
	kWh = r.Sessions[0].MeterKWh
	return good(200, map[string]any{"session": map[string]any{
		"energy_kwh": kWh, "idle_minutes": 10, "price": map[string]any{"idle": 7, "total": round(1+2*kWh+7, 100)},
	}})
}

// TestCareless leaves with half of what it needs: that it gets stuck is nobody
// else's fault.
func TestCareless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		s := &scripted{answers: answers(plan)}
		s.answers[carlink.ActionPlan] = append(s.answers[carlink.ActionPlan], bad(422, charging.CodeInfeasibleTrip))
		got := play(t, s, func(o *Options) { o.Cast[0].SoC, o.Odds = 0.45, &Odds{Careless: 1} })
		if r := got.one(t, Empty); got.StrandedFollowing != 0 || !slices.Equal(r.OffPlan, []string{"careless"}) {
			t.Errorf("%+v", r)
		}
	})
}

// TestClosedRoad is driven around, once.
func TestClosedRoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFrom(time.Now().Add(10 * time.Minute))
		open := play(t, &scripted{answers: answers(plan)}, nil).one(t, Arrived)
		plan = planFrom(time.Now().Add(10 * time.Minute))
		closed := play(t, &scripted{answers: answers(plan)}, func(o *Options) {
			o.World.Events = []Event{{Kind: Closure, For: 100 * time.Hour, Near: point("Cabo de Santo Agostinho, PE"), RadiusKm: 15, DetourKm: 12}}
		}).one(t, Arrived)
		if more := closed.Km - open.Km; more < 11.9 || more > 12.1 || !closed.FollowedPlan() {
			t.Errorf("%.1f km more", more)
		}
	})
}

// TestScenes are done to the companies in time, and undone at the end.
func TestScenes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type act struct {
			kind  EventKind
			begin bool
			after time.Duration
		}
		var acts []act
		began := time.Now()
		play(t, &scripted{answers: answers(planFrom(time.Now().Add(10 * time.Minute)))}, func(o *Options) {
			o.World.Events = []Event{
				{Kind: Down, At: time.Hour, For: time.Hour, Company: "SER"},
				{Kind: Outage, At: 90 * time.Minute, For: 900 * time.Hour, Company: "CAJ"},
				{Kind: Heat, AirC: 40, For: time.Hour},
			}
			o.Act = func(_ context.Context, e Event, begin bool) error {
				acts = append(acts, act{e.Kind, begin, time.Since(began).Round(time.Second)})
				return nil
			}
		})
		if len(acts) != 4 || acts[0] != (act{Down, true, time.Minute}) || acts[1] != (act{Outage, true, 90 * time.Second}) ||
			acts[2] != (act{Down, false, 2 * time.Minute}) || acts[3].kind != Outage || acts[3].begin {
			t.Errorf("%+v", acts)
		}
	})
}

// TestFleetUntilTheEnd: cars without a bound on their journeys drive until the
// context ends, shared out among the servers.
func TestFleetUntilTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 48*time.Hour/60)
		defer cancel()
		looked := 0
		sum, err := Run(ctx, Options{
			Cars: 3, Seed: 1, Servers: []Server{{MQTT: "a"}, {MQTT: "b"}}, Speed: 60, Odds: &Odds{}, Locations: sites,
			Cast:  []Role{{From: from, To: to, SoC: 1}, {From: from, To: to, SoC: 1}, {From: from, To: to, SoC: 1}},
			Watch: func(s Status) { looked++ },
			Credential: func(_ context.Context, c Car, s Server) (Identity, error) {
				if want := []string{"a", "b", "a"}[c.Index]; s.MQTT != want {
					t.Errorf("car %d at %s", c.Index, s.MQTT)
				}
				return Identity{charging.VehicleID(carName(c)), ""}, nil
			},
			Dial: func(Server, Identity) (Link, error) {
				return &scripted{answers: map[carlink.Action][]carlink.Reply{
					carlink.ActionPlan: {good(200, map[string]any{"plans": []trip.Plan{direct(time.Now())}})},
				}}, nil
			},
		})
		if err != nil || sum.Ended[Arrived] < 3 || sum.Counts[Connected] != 3 || len(sum.Records) != 0 || looked < 2000 {
			t.Errorf("%+v, looked %d times, %v", sum, looked, err)
		}
	})
}
