package booking

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const older = "1" // a ticket time before every one that the world stamps

func TestAskThenContinue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.block(evses[1], windowOf(1), charging.Reserved, "", true)
		got := s.book(trip.Ask)
		if got.State != trip.AwaitingDecision || got.Decision.Leg != 2 || got.Decision.Code != charging.CodeSlotTaken ||
			len(got.Decision.Alternatives) < 3 {
			t.Fatalf("%s %+v", got.State, got.Decision)
		}
		time.Sleep(25 * time.Second) // longer than a hold lives: it is renewed
		if held := s.w.held(testTrip); len(held) != 2 {
			t.Fatalf("the other stops are not kept: %v", held)
		}
		ticket := got.Ticket.GrantedAt
		if _, err := s.c.Decide(t.Context(), testTrip, Choice{Wait: true}); charging.CodeOf(err) != charging.CodeSlotTaken {
			t.Fatalf("waiting for a settled stop: %v", err)
		}
		if _, err := s.c.Decide(t.Context(), testTrip, Choice{Take: &got.Decision.Alternatives[0]}); err != nil {
			t.Fatal(err)
		}
		got = s.wait(s.c)
		s.must(got, trip.Confirmed)
		if got.Ticket.GrantedAt != ticket || got.Legs[1].EVSEID == evses[1] {
			t.Errorf("ticket %s → %s, stop %s", ticket, got.Ticket.GrantedAt, got.Legs[1].EVSEID)
		}
		if _, err := s.c.Decide(t.Context(), testTrip, Choice{GiveUp: true}); charging.CodeOf(err) != charging.CodeNotAwaitingDecision {
			t.Errorf("a second decision: %v", err)
		}
	})
}

func TestAskThenGiveUpOrMissTheDeadline(t *testing.T) {
	for name, act := range map[string]func(s *stage){
		"give up": func(s *stage) {
			if _, err := s.c.Decide(s.t.Context(), testTrip, Choice{GiveUp: true}); err != nil {
				s.t.Fatal(err)
			}
		},
		"deadline": func(s *stage) { time.Sleep(31 * time.Second) },
		"cancel": func(s *stage) {
			if _, err := s.c.Cancel(s.t.Context(), testTrip); err != nil {
				s.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.w.block(evses[2], windowOf(2), charging.Pending, older, false)
				if got := s.book(trip.Ask); got.State != trip.AwaitingDecision || got.Decision.Code != charging.CodePriorityLost {
					t.Fatalf("%s %+v", got.State, got.Decision)
				}
				act(s)
				synctest.Wait()
				s.must(s.wait(s.c), trip.Aborted)
			})
		})
	}
}

func TestWaitAndWin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		b := s.w.block(evses[1], windowOf(1), charging.Pending, older, false)
		time.AfterFunc(20*time.Second, func() { s.w.set(func() { b.State = charging.Canceled }) })
		s.must(s.book(trip.Wait), trip.Confirmed)
	})
}

func TestWaitAndLose(t *testing.T) {
	for name, settle := range map[string]bool{"the one ahead is booked": true, "it never ends": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				b := s.w.block(evses[1], windowOf(1), charging.Claimed, older, false)
				if settle {
					time.AfterFunc(5*time.Second, func() { s.w.set(func() { b.State, b.Settled = charging.Reserved, true }) })
				}
				began := time.Now()
				s.must(s.book(trip.Wait), trip.Aborted)
				if took := time.Since(began); took > 33*time.Second || settle && took > 8*time.Second {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

func TestReplanTakesTheNextBest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.block(evses[1], windowOf(1), charging.Reserved, "", true)
		s.w.block("BR*SER*E0002*1", windowOf(1), charging.Reserved, "", true)
		got := s.book(trip.Replan)
		s.must(got, trip.Confirmed)
		if got.Legs[1].EVSEID != "BR*SER*E0003*1" {
			t.Errorf("took %s", got.Legs[1].EVSEID)
		}
	})
}

func TestPreemptedByAnOlderTrip(t *testing.T) {
	for policy, want := range map[trip.Policy]trip.State{
		trip.Abort: trip.Aborted, trip.Replan: trip.Confirmed, trip.Ask: trip.AwaitingDecision,
	} {
		for next, edition := range map[string]func(*world){"confirm": func(*world) {}, "reserve": (*world).beforeReservingClaims} {
			t.Run(string(policy)+" between claim and "+next, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newStage(t)
					edition(s.w)
					s.w.fault = func(step string, _ int, ref charging.Ref, n int, after bool) error {
						if step == next && ref.EVSEID == evses[1] && n == 1 && !after {
							s.w.set(func() { s.w.rsv[ref.ID].State = charging.Preempted })
							s.w.block(evses[1], windowOf(1), charging.Claimed, older, false)
						}
						return nil
					}
					s.must(s.book(policy), want)
				})
			})
		}
	}
}

// TestRefusedConfirm: rows 1 and 3. Every stop is released before the trip
// starts again, with new ids and its old ticket.
func TestRefusedConfirm(t *testing.T) {
	for policy, want := range map[trip.Policy]trip.State{
		trip.Abort: trip.Aborted, trip.Replan: trip.Confirmed, trip.Wait: trip.Confirmed, trip.Ask: trip.Confirmed,
	} {
		t.Run(string(policy), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				var early bool
				s.w.fault = func(step string, leg int, ref charging.Ref, n int, after bool) error {
					if step == "confirm" && ref.EVSEID == evses[1] && n == 1 && !after {
						s.w.set(func() { s.w.rsv[ref.ID].State = charging.Expired })
					}
					if step == "reserve" && s.w.count["confirm/"+string(evses[1])] > 0 && !after {
						for _, h := range s.w.rsv {
							early = early || h.State == charging.Reserved
						}
					}
					return nil
				}
				got := s.book(policy)
				s.must(got, want)
				if early {
					t.Error("a stop was asked for while another was still RESERVED")
				}
				if want == trip.Confirmed && got.Saga.Restarts != 1 {
					t.Errorf("%d restarts", got.Saga.Restarts)
				}
			})
		})
	}
}

func TestPermanentRefusalsAreNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.fault = func(step string, _ int, ref charging.Ref, _ int, _ bool) error {
			if ref.EVSEID == evses[1] && step != "compensate" {
				return charging.Refuse(charging.CodeUnknownEVSE, string(ref.EVSEID))
			}
			return nil
		}
		got := s.book(trip.Ask)
		s.must(got, trip.Aborted)
		if got.Problem.Code != charging.CodeUnknownEVSE {
			t.Errorf("%+v", got.Problem)
		}
	})
}
