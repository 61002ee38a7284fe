package booking

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func testTicket(granted string) string {
	claims := fmt.Sprintf(`{"exp":%d}`, time.Now().Add(charging.TicketLife).Unix())
	return "h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s|" + granted
}

const testTrip charging.TripID = "019a0000-0000-7000-8000-00000000000a"

var evses = []charging.EVSEID{"BR*MAR*E0001*1", "BR*SER*E0001*1", "BR*CAJ*E0001*1"}

// draft is a trip over three companies.
func draft(p trip.Policy) trip.Trip {
	t := trip.Trip{
		ID: testTrip, VehicleID: "EV-0001", Origin: "MAR", OnConflict: p,
		Saga: &trip.Saga{DecisionTimeout: 30 * time.Second},
	}
	for k, e := range evses {
		t.Legs = append(t.Legs, trip.Leg{
			Leg: k + 1, CompanyID: e.Company(), EVSEID: e, Start: windowOf(k).Start, End: windowOf(k).End,
		})
	}
	return t
}

func windowOf(k int) charging.Window {
	start := time.Date(2030, 1, 1, 8+2*k, 0, 0, 0, time.UTC)
	return charging.Window{Start: start, End: start.Add(time.Hour)}
}

// stage is one saga server over a world and a journal.
type stage struct {
	t *testing.T
	w *world
	m *memory
	c *Coordinator
}

func newStage(t *testing.T, tune ...func(*Options)) *stage {
	s := &stage{t: t, w: newWorld(), m: newMemory()}
	s.c = s.server("one", tune...)
	return s
}

func (s *stage) server(owner string, tune ...func(*Options)) *Coordinator {
	o := Options{Engine: Engine{Owner: owner, Journal: s.m}, Self: "MAR", Companies: s.w, Alternatives: others{}}
	for _, f := range tune {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { dead(c) })
	return c
}

// dead kills a server and waits until nothing of it goes on.
func dead(c *Coordinator) {
	c.Kill()
	now, cancel := context.WithCancel(context.Background())
	cancel()
	c.Drain(now)
}

// others offers the same stop on the neighbouring EVSE.
type others struct{}

func (others) Alternatives(_ context.Context, t trip.Trip, leg int) ([]trip.Alternative, error) {
	l := t.Legs[leg-1]
	var out []trip.Alternative
	for n := 2; n <= 4; n++ {
		e := charging.EVSEID(fmt.Sprintf("BR*%s*E000%d*1", l.CompanyID, n))
		out = append(out, trip.Alternative{ID: fmt.Sprintf("%d-%d", leg, n), Leg: leg, CompanyID: l.CompanyID, EVSEID: e, Start: l.Start, End: l.End})
	}
	return out, nil
}

// book starts a trip and waits until it is settled or asks.
func (s *stage) book(p trip.Policy) trip.Trip {
	s.t.Helper()
	if _, err := s.c.Start(s.t.Context(), draft(p)); err != nil {
		s.t.Fatal(err)
	}
	return s.wait(s.c)
}

func (s *stage) wait(c *Coordinator) trip.Trip {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Hour)
	defer cancel()
	t, err := c.Wait(ctx, testTrip)
	if err != nil {
		s.t.Fatal(err)
	}
	return t
}

// must assert the state, and that exactly the booked stops are held.
func (s *stage) must(t trip.Trip, want trip.State) {
	s.t.Helper()
	if t.State != want {
		s.t.Fatalf("trip is %s (%+v), want %s after %d calls, the first: %s", t.State, t.Problem, want,
			len(s.w.calls), strings.Join(s.w.calls[:min(len(s.w.calls), 20)], ", "))
	}
	held := s.w.held(testTrip)
	switch want {
	case trip.Confirmed:
		if len(held) != len(t.Legs) || slices.ContainsFunc(held, func(h string) bool { return !strings.HasSuffix(h, "RESERVED") }) {
			s.t.Fatalf("CONFIRMED but held: %v", held)
		}
	case trip.Aborted, trip.Canceled:
		if len(held) != 0 {
			s.t.Fatalf("%s but held: %v", want, held)
		}
	}
}

func TestBooksForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		got := s.book(trip.Abort)
		s.must(got, trip.Confirmed)
		if got.Ticket == nil || got.Ticket.Issuer != "MAR" {
			t.Errorf("ticket %+v", got.Ticket)
		}
		if s.w.calls[0] != "reserve "+string(evses[0]) || len(s.w.calls) != 6 {
			t.Errorf("calls %v", s.w.calls)
		}
		if slices.IndexFunc(s.w.calls, func(c string) bool { return strings.HasPrefix(c, "confirm") }) != 3 {
			t.Errorf("a confirm before all was held: %v", s.w.calls)
		}
	})
}

// TestPeersOfAnEditionBefore fails where a company that answers CLAIMED to a claim that
// is to reserve is not asked to reserve, in the order of the stops and before any
// confirm.
func TestPeersOfAnEditionBefore(t *testing.T) {
	for name, older := range map[string][]charging.CompanyID{"one": {evses[1].Company()}, "the last": {evses[2].Company()}, "all": {"MAR", "SER", "CAJ"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.w.older = map[charging.CompanyID]bool{}
				var want []string
				for _, c := range older {
					s.w.older[c] = true
				}
				for _, e := range evses[1:] {
					if s.w.older[e.Company()] {
						want = append(want, "reserve "+string(e))
					}
				}
				s.must(s.book(trip.Abort), trip.Confirmed)
				if got := s.w.calls[3 : len(s.w.calls)-3]; !slices.Equal(got, want) {
					t.Errorf("between claims and confirms: %v, want %v", got, want)
				}
			})
		})
	}
}

func TestThirdStopFails(t *testing.T) {
	faults := map[string]func(s *stage){
		"refused": func(s *stage) { s.w.block(evses[2], windowOf(2), charging.Reserved, "", true) },
		"unreachable": func(s *stage) {
			s.w.fault = func(_ string, _ int, ref charging.Ref, _ int, after bool) error {
				if ref.EVSEID == evses[2] && !after {
					return errNetwork
				}
				return nil
			}
		},
		"executed, answers lost": func(s *stage) {
			s.w.fault = func(_ string, _ int, ref charging.Ref, _ int, after bool) error {
				if ref.EVSEID == evses[2] && after {
					return errNetwork
				}
				return nil
			}
		},
		"slow beyond its time-out": func(s *stage) {
			s.w.fault = func(step string, _ int, ref charging.Ref, _ int, after bool) error {
				if ref.EVSEID == evses[2] && after && step != "compensate" {
					time.Sleep(3 * time.Second)
					return context.DeadlineExceeded
				}
				return nil
			}
		},
	}
	for name, break3 := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				break3(s)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go s.c.Run(ctx) // a trip that parks comes back
				got := s.book(trip.Abort)
				s.must(got, trip.Aborted)
				if got.Problem == nil || got.Problem.Detail == "" && got.Problem.Code == "" {
					t.Errorf("no reason: %+v", got.Problem)
				}
			})
		})
	}
}

// TestCompanyThatCannotBeReachedHoldsNobodyUp: what was never sent needs no
// release, so the trip does not wait for a hold that cannot be there.
func TestCompanyThatCannotBeReachedHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.fault = func(_ string, _ int, ref charging.Ref, _ int, after bool) error {
			if ref.EVSEID == evses[2] && !after {
				return fmt.Errorf("%w: connection refused", charging.ErrNotSent)
			}
			return nil
		}
		began := time.Now()
		s.must(s.book(trip.Abort), trip.Aborted)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("took %s", took)
		}
		if n := s.w.count["compensate/"+string(evses[2])]; n != 0 {
			t.Errorf("%d calls to release what was never asked for", n)
		}
	})
}

func TestLostAnswersAreRepeated(t *testing.T) {
	for _, step := range []string{"reserve", "claim", "confirm"} {
		for leg := range evses {
			t.Run(fmt.Sprintf("%s %d", step, leg+1), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newStage(t)
					s.w.fault = func(st string, _ int, ref charging.Ref, n int, after bool) error {
						if st == step && ref.EVSEID == evses[leg] && n == 1 && after {
							return errNetwork
						}
						return nil
					}
					s.must(s.book(trip.Abort), trip.Confirmed)
				})
			})
		}
	}
}

func TestUnsettledReservedIsRetriedUnderEveryPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		b := s.w.block(evses[1], windowOf(1), charging.Reserved, "", false)
		time.AfterFunc(time.Second, func() { s.w.set(func() { b.State = charging.Canceled }) })
		s.must(s.book(trip.Abort), trip.Confirmed)
	})
}

func TestUnsettledReservedIsWaitedForOnlyItsBound(t *testing.T) { // row 2
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.block(evses[1], windowOf(1), charging.Reserved, "", false)
		began := time.Now()
		s.must(s.book(trip.Abort), trip.Aborted)
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("waited %s", took)
		}
	})
}

func TestTicketRefusedByOneCompany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.w.fault = func(step string, _ int, ref charging.Ref, n int, after bool) error {
			if step == "claim" && ref.EVSEID == evses[1] && !after {
				return charging.Refuse(charging.CodeTicketInvalid, "skewed")
			}
			return nil
		}
		s.must(s.book(trip.Abort), trip.Confirmed)
	})
}
