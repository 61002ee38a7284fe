package replicas

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// ether is a wire in the process.
type ether struct {
	mu     sync.Mutex
	there  map[string]time.Time
	ears   map[int]func([]byte)
	joins  map[int]func()
	next   int
	broken bool
	told   int
}

func newEther() *ether {
	return &ether{there: map[string]time.Time{}, ears: map[int]func([]byte){}, joins: map[int]func(){}}
}

func (e *ether) Announce(_ context.Context, server string, life time.Duration) ([]string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.there[server] = time.Now().Add(life)
	var others []string
	for s, until := range e.there {
		if s != server && time.Now().Before(until) {
			others = append(others, s)
		}
	}
	return others, nil
}

func (e *ether) Tell(_ context.Context, _ charging.CompanyID, message []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken {
		return errors.New("no connection")
	}
	e.told++
	for _, hear := range e.ears {
		hear(message)
	}
	return nil
}

func (e *ether) Listen(ctx context.Context, _ charging.CompanyID, joined func(), hear func([]byte)) {
	e.mu.Lock()
	n := e.next
	e.next++
	e.ears[n], e.joins[n] = hear, joined
	e.mu.Unlock()
	joined()
	<-ctx.Done()
}

func (e *ether) set(f func()) { e.mu.Lock(); defer e.mu.Unlock(); f() }

// settle lets everything be told that is to be told.
func settle() {
	time.Sleep(1500 * time.Millisecond)
	synctest.Wait()
}

// server is one end in a test.
type server struct {
	*Link
	heard  []Message
	missed int
	gone   atomic.Int64
}

func (e *ether) join(t *testing.T, ctx context.Context, name string) *server {
	t.Helper()
	s := &server{}
	var err error
	s.Link, err = New(Options{
		Company: "MAR", Server: name, Wire: e, Queue: 8,
		Hear: func(m Message) { s.heard = append(s.heard, m) }, Missed: func() { s.missed++ },
		Gone: func() { s.gone.Add(1) },
	})
	if err != nil {
		t.Fatal(err)
	}
	go s.Run(ctx)
	settle()
	return s
}

func TestServersTellEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		e := newEther()
		one := e.join(t, ctx, "one")
		synctest.Wait()
		before := e.told
		one.Tell(Message{Kind: Car, Vehicle: "EV-0001"}, 1) // alone: not worth a word
		settle()
		if e.told != before || one.Others() != 0 {
			t.Errorf("%d told alone, %d others", e.told-before, one.Others())
		}
		two := e.join(t, ctx, "two")
		for n := range 3 { // at once: the hello of the second was enough
			one.Tell(Message{Kind: Car, Vehicle: "EV-0001"}, n)
		}
		two.Tell(Message{Kind: Letter, TripID: "t"}, nil)
		settle()
		if len(two.heard) != 3 || two.heard[2].Vehicle != "EV-0001" || !slices.Equal(two.heard[2].Data, json.RawMessage("2")) {
			t.Errorf("two heard %+v", two.heard)
		}
		if len(one.heard) != 1 || one.heard[0].TripID != "t" || one.missed+two.missed != 0 {
			t.Errorf("one heard %+v, missed %d and %d", one.heard, one.missed, two.missed)
		}
		cancel()
		synctest.Wait()
		if len(e.there) != 2 || time.Now().Before(e.there["one"]) {
			t.Errorf("one did not say that it goes: %v", e.there)
		}
	})
}

// A server that dies without a word, and one that says that it goes, are said to
// be gone, each once.
func TestAServerThatGoesIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEther()
		one := e.join(t, t.Context(), "one")
		ctx, cancel := context.WithCancel(t.Context())
		e.join(t, ctx, "two")
		e.set(func() { e.there["three"] = time.Now().Add(2 * time.Second) })
		settle()
		if one.gone.Load() != 0 {
			t.Errorf("%d gone while all are there", one.gone.Load())
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if one.gone.Load() != 1 {
			t.Errorf("%d gone after the death of one", one.gone.Load())
		}
		cancel()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if one.gone.Load() != 2 {
			t.Errorf("%d gone after two", one.gone.Load())
		}
	})
}

func TestWhatIsMissedIsSaid(t *testing.T) {
	for name, lose := range map[string]func(e *ether, one *server){
		"the queue overflows": func(e *ether, one *server) {
			for n := range 20 {
				one.Tell(Message{Kind: Car}, n)
			}
		},
		"the store was away": func(e *ether, one *server) {
			e.set(func() { e.broken = true })
			one.Tell(Message{Kind: Car}, 1)
			settle()
			e.set(func() { e.broken = false })
			one.Tell(Message{Kind: Car}, 2)
		},
		"the listener was away": func(e *ether, _ *server) { e.joins[1]() },
		"a batch is lost": func(e *ether, one *server) {
			var ear func([]byte)
			e.set(func() { ear, e.ears[1] = e.ears[1], func([]byte) {} })
			one.Tell(Message{Kind: Car}, 1)
			settle()
			e.set(func() { e.ears[1] = ear })
			one.Tell(Message{Kind: Car}, 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				e := newEther()
				one := e.join(t, ctx, "one")
				two := e.join(t, ctx, "two")
				one.Tell(Message{Kind: Car}, 0)
				settle()
				if len(two.heard) != 1 || two.missed != 0 {
					t.Fatalf("heard %+v, missed %d", two.heard, two.missed)
				}
				lose(e, one)
				settle()
				if two.missed != 1 {
					t.Errorf("missed %d times, heard %+v", two.missed, two.heard)
				}
			})
		})
	}
}
