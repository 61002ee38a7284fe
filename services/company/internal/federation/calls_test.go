package federation

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func TestNearAndFarAreOneInterface(t *testing.T) {
	w := newTrio(t, nil)
	for _, id := range []charging.CompanyID{"MAR", "SER", "CAJ"} {
		c, err := w.Company(id)
		if err != nil {
			t.Fatal(err)
		}
		s, err := w.Sessions(id)
		if err != nil {
			t.Fatal(err)
		}
		o, err := w.Originator(id)
		if err != nil {
			t.Fatal(err)
		}
		h := charging.HoldRequest{Ref: charging.Ref{ID: "r"}}
		for what, call := range map[string]func(context.Context) (charging.Reservation, error){
			"reserve":    func(ctx context.Context) (charging.Reservation, error) { return c.Reserve(ctx, h) },
			"claim":      func(ctx context.Context) (charging.Reservation, error) { return c.Claim(ctx, h) },
			"renew":      func(ctx context.Context) (charging.Reservation, error) { return c.Renew(ctx, h.Ref, time.Second) },
			"confirm":    func(ctx context.Context) (charging.Reservation, error) { return c.Confirm(ctx, h.Ref) },
			"compensate": func(ctx context.Context) (charging.Reservation, error) { return c.Compensate(ctx, h.Ref) },
			"start": func(ctx context.Context) (charging.Reservation, error) {
				return s.Start(ctx, h.Ref, charging.Arrival{})
			},
			"move": func(ctx context.Context) (charging.Reservation, error) {
				return c.(charging.Mover).Move(ctx, charging.Move{Ref: h.Ref, Seq: 1, To: h.Window()})
			},
			"reservation": func(ctx context.Context) (charging.Reservation, error) {
				return c.(charging.Reader).Reservation(ctx, h.ID)
			},
			"complete": func(ctx context.Context) (charging.Reservation, error) {
				return s.Complete(ctx, h.Ref, charging.Leaving{EnergyKWh: 1})
			},
		} {
			res, err := call(t.Context())
			if err != nil || res.Reason != string(id)+" "+what || res.ID != "r" {
				t.Errorf("%s at %s: %+v, %v", what, id, res, err)
			}
		}
		if out, err := o.Outcomes(t.Context(), make([]charging.Question, 2)); err != nil || len(out) != 2 || out[1] != charging.OutcomePending {
			t.Errorf("outcomes at %s: %s, %v", id, out, err)
		}
		if err := errors.Join(o.Preempted(t.Context(), charging.Notice{}), o.Changed(t.Context(), charging.Notice{})); err != nil {
			t.Errorf("notices to %s: %v", id, err)
		}
	}
	if w.ser.count("preempted") != 1 || w.ser.count("changed") != 1 || w.mar.count("outcomes") != 1 {
		t.Errorf("calls %v, %v", w.ser.calls, w.mar.calls)
	}
}

func TestCompaniesThatAreNotThere(t *testing.T) {
	w := newTrio(t, nil)
	for _, id := range []charging.CompanyID{"", "ZZZ", "mar", charging.CompanyID(strings.Repeat("X", 10_000))} {
		_, err := w.Company(id)
		if !errors.Is(err, charging.CodeUnknownEVSE) || len(err.Error()) > 200 {
			t.Errorf("Company(%.10q) = %v, want UNKNOWN_EVSE", id, err)
		}
		if _, err := w.Originator(id); !errors.Is(err, charging.CodeUnknownEVSE) {
			t.Errorf("Originator(%.10q) = %v", id, err)
		}
		if _, err := w.Sessions(id); !errors.Is(err, charging.CodeUnknownEVSE) {
			t.Errorf("Sessions(%.10q) = %v", id, err)
		}
	}
	early, err := New(Options{Self: "MAR"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := early.Company("MAR"); !errors.Is(err, charging.CodeStoreUnavailable) {
		t.Errorf("before Attach: %v", err)
	}
}

func TestARefusalIsTheAnswerOfAHealthyPeer(t *testing.T) {
	w := newTrio(t, nil)
	refusal := &charging.Refusal{Code: charging.CodeSlotTaken, Conflict: &charging.Conflict{Settled: true}}
	w.ser.set(func(s *script) { s.err = refusal })
	for range 20 {
		var got *charging.Refusal
		if err := w.confirm(t.Context(), t, "SER"); !errors.As(err, &got) || got != refusal {
			t.Fatalf("confirm: %v, want the refusal itself", err)
		}
	}
	if v := w.view("SER"); v.State != Online || v.Breaker != "closed" {
		t.Errorf("after 20 refusals %+v", v)
	}
}

func TestATimeOutIsAnUnknownResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, nil)
		w.ser.set(func(s *script) { s.hang = true })
		began := time.Now()
		err := w.confirm(t.Context(), t, "SER")
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("after %s, want 2 s", took)
		}
		if charging.CodeOf(err) != "" || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "confirm at SER") {
			t.Errorf("%v; want a time-out that is no refusal and says what it was", err)
		}
	})
}

func TestTheNearCompanyHasATimeOutToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, nil)
		w.mar.set(func(s *script) { s.hang = true })
		if err := w.confirm(t.Context(), t, "MAR"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("confirm: %v", err)
		}
	})
}

func TestBreaker(t *testing.T) {
	for name, trouble := range map[string]error{
		"transport": io.ErrUnexpectedEOF,
		"503":       charging.Refuse(charging.CodeStoreUnavailable, "redis is away"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTrio(t, nil)
				w.ser.set(func(s *script) { s.err = trouble })
				for range 5 {
					if err := w.confirm(t.Context(), t, "SER"); !errors.Is(err, trouble) {
						t.Fatalf("confirm: %v", err)
					}
				}
				var r *charging.Refusal
				err := w.confirm(t.Context(), t, "SER")
				if !errors.As(err, &r) || r.Code != charging.CodePeerUnavailable || r.RetryAfter <= 0 {
					t.Fatalf("with an open breaker: %v; want PEER_UNAVAILABLE with Retry-After", err)
				}
				if n := w.ser.count("confirm"); n != 5 {
					t.Errorf("%d calls were sent, want 5", n)
				}
				if v := w.view("SER"); v.State != Offline || v.Breaker != "open" || v.LastError == "" {
					t.Errorf("view %+v", v)
				}
				if err := w.confirm(t.Context(), t, "CAJ"); err != nil {
					t.Errorf("the other peer suffers: %v", err)
				}
				w.ser.set(func(s *script) { s.err = nil })
				time.Sleep(2*time.Second + time.Millisecond)
				for range 3 {
					if err := w.confirm(t.Context(), t, "SER"); err != nil {
						t.Fatalf("after the pause: %v", err)
					}
				}
				if v := w.view("SER"); v.State != Online || v.Breaker != "closed" {
					t.Errorf("view %+v", v)
				}
			})
		})
	}
}

func TestACallerThatLeavesSaysNothingAboutThePeer(t *testing.T) {
	w := newTrio(t, nil)
	w.ser.set(func(s *script) { s.hang = true })
	for range 10 {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.confirm(ctx, t, "SER"); !errors.Is(err, context.Canceled) {
			t.Fatalf("confirm: %v", err)
		}
	}
	if v := w.view("SER"); v.Breaker != "closed" || v.State != NotSeen {
		t.Errorf("view %+v", v)
	}
}

func TestCallsInFlightAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTrio(t, func(o *Options) { o.InFlight = 2 })
		w.ser.set(func(s *script) { s.took = 100 * time.Millisecond })
		began := time.Now()
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if err := w.confirm(t.Context(), t, "SER"); err != nil {
					t.Error(err)
				}
			})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		synctest.Wait()
		if err := w.confirm(ctx, t, "SER"); !errors.Is(err, charging.CodePeerUnavailable) {
			t.Errorf("no room in time: %v, want PEER_UNAVAILABLE: nothing was sent", err)
		}
		wg.Wait()
		if w.ser.most != 2 || w.ser.count("confirm") != 6 || time.Since(began) != 300*time.Millisecond {
			t.Errorf("%d at once, %d calls in %s; want 2, 6, 300 ms", w.ser.most, w.ser.count("confirm"), time.Since(began))
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	dial := func(Peer) (Remote, error) { return &script{}, nil }
	for want, o := range map[string]Options{
		"company_id":       {Self: "mar"},
		"Dial is required": {Self: "MAR", Peers: []Peer{{ID: "SER"}}},
		"named twice":      {Self: "MAR", Dial: dial, Peers: []Peer{{ID: "SER"}, {ID: "SER"}}},
		"itself":           {Self: "MAR", Dial: dial, Peers: []Peer{{ID: "MAR"}}},
		"peer:":            {Self: "MAR", Dial: dial, Peers: []Peer{{ID: "serra"}}},
		"negative":         {Self: "MAR", InFlight: -1},
		"bad address": {Self: "MAR", Peers: []Peer{{ID: "SER", BaseURL: ":"}}, Dial: func(Peer) (Remote, error) {
			return nil, errors.New("bad address")
		}},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want it to speak of %q", err, want)
		}
	}
}
