package booking_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/booking"
)

// onBothStores plays a scene over miniredis and over a redis-server.
func onBothStores(t *testing.T, scene func(t *testing.T, inMemory bool)) {
	t.Run("miniredis", func(t *testing.T) { scene(t, true) })
	t.Run("redis-server", func(t *testing.T) {
		if _, err := exec.LookPath("redis-server"); err != nil && os.Getenv("CI") == "" {
			t.Skip("LEFT OUT: no redis-server here; the scene was played on miniredis only")
		}
		scene(t, false)
	})
}

// crew is a road whose first company's servers are made, killed and followed by
// one another in the test.
type crew struct {
	*road
	options booking.Options
	n       int
}

func newCrew(t *testing.T, r *road) *crew {
	t.Helper()
	c := &crew{}
	c.road = newRoadWith(t, r, patient, func(o *booking.Options) {
		if o.Self == "AAA" {
			c.options = *o
		}
	})
	leave, now := context.WithCancel(t.Context())
	now()
	c.companies["AAA"].saga.Drain(leave)
	return c
}

// patient are timings that a slow machine keeps: a call that is answered at all
// is answered in time. Repeats are given up soon, and a lease is long: endLease
// ends it.
func patient(o *booking.Options) {
	o.CallTimeout, o.Lease, o.Poll = 8*time.Second, 10*time.Second, 50*time.Millisecond
	o.StepBudget, o.ConfirmBudget, o.UnsettledBudget = 500*time.Millisecond, 500*time.Millisecond, 100*time.Millisecond
	o.HoldTTL = time.Minute
}

// endLease lets the lease of a trip whose server is dead end at once.
func (r *road) endLease(id charging.TripID) {
	r.t.Helper()
	record := key("AAA", "trip", "{"+string(id)+"}")
	r.redis("HSET", record, "lease", "0", "due", "1")
	r.redis("ZADD", key("AAA", "trips", "open"), "0", string(id))
}

// server starts the next server of the company; whoever came before must be
// dead, or is a former owner that does not know it yet.
func (c *crew) server() *life {
	c.t.Helper()
	c.n++
	o := c.options
	o.Owner = fmt.Sprintf("AAA-%d", c.n+1)
	s, err := booking.New(o)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &life{s, cancel, make(chan struct{})}
	go func() { defer close(l.over); s.Run(ctx) }()
	c.companies["AAA"].follows.Store(s)
	c.t.Cleanup(func() { l.die(); <-l.over })
	return l
}

// life is one server from its start to its end.
type life struct {
	*booking.Coordinator
	leave context.CancelFunc
	over  chan struct{}
}

// die is a power cut; it waits for nobody.
func (l *life) die() { l.Kill(); l.leave() }

// bury waits until nothing of a dead server moves any more, and ends its lease
// of a trip.
func (c *crew) bury(l *life, id charging.TripID) {
	idle(l.Coordinator)
	l.die()
	<-l.over
	c.endLease(id)
}

// persist repeats an operator's command while the trip is between two owners.
func (c *crew) persist(command func() error) {
	c.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; <-time.After(20 * time.Millisecond) {
		err := command()
		if err == nil {
			return
		}
		if charging.CodeOf(err) != charging.CodePeerUnavailable || time.Now().After(deadline) {
			c.t.Fatal(err)
		}
	}
}

// until waits for a trip's record to be as wanted.
func (c *crew) until(id charging.TripID, what string, ok func(trip.Trip) bool) trip.Trip {
	c.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; <-time.After(5 * time.Millisecond) {
		t, err := c.companies["AAA"].store.Load(c.t.Context(), id)
		if err == nil && ok(t) {
			return t
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("waited in vain until the trip %s: %s %+v %+v, %v", what, t.State, t.Problem, t.Saga, err)
		}
	}
}

func settled(t trip.Trip) bool { return t.State.Settled() && len(t.Saga.Abandoned) == 0 }

// whole asserts CONFIRMED everywhere or held nowhere.
func (c *crew) whole(t trip.Trip) {
	c.t.Helper()
	if t.State == trip.Aborted || t.State == trip.Canceled {
		c.nothingOf(t)
		return
	}
	for k := range t.Legs {
		if s := c.state(t.Ref(k)); s != charging.Reserved {
			c.t.Errorf("the trip is %s, stop %d is %s", t.State, k+1, s)
		}
	}
	if n := c.locks(); n != 0 {
		c.t.Errorf("%d locks left", n)
	}
}

// key of something that a company has in its store.
func key(company charging.CompanyID, parts ...string) string {
	return string(company) + ":" + strings.Join(parts, ":")
}

// lapse ends a hold before its time: the lock is the hold.
func (r *road) lapse(ref charging.Ref) {
	r.t.Helper()
	at := ref.EVSEID.Company()
	lock := key(at, "lock", "{BR*"+string(at)+"*L1}", string(ref.EVSEID), string(ref.ID))
	if got := r.redis("DEL", lock); len(got) != 1 || got[0] != "1" {
		r.t.Errorf("DEL %s: %v", lock, got)
	}
}

// redis sends one command, as a person with redis-cli would.
func (r *road) redis(args ...string) []string {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := io.WriteString(c, b.String()); err != nil {
		r.t.Fatal(err)
	}
	out, err := reply(bufio.NewReader(c))
	if err != nil {
		r.t.Fatalf("%s: %v", args[0], err)
	}
	return out
}

// reply reads one answer, flat.
func reply(in *bufio.Reader) ([]string, error) {
	line, err := in.ReadString('\n')
	if err != nil || len(line) < 3 {
		return nil, fmt.Errorf("%q: %w", line, err)
	}
	rest := strings.TrimSpace(line[1:])
	n, _ := strconv.Atoi(rest)
	switch line[0] {
	case '+', ':':
		return []string{rest}, nil
	case '$':
		text := make([]byte, max(n, 0)+2)
		if n < 0 {
			return nil, nil
		}
		_, err := io.ReadFull(in, text)
		return []string{string(text[:n])}, err
	case '*':
		var out []string
		for range n {
			got, err := reply(in)
			if err != nil {
				return out, err
			}
			out = append(out, got...)
		}
		return out, nil
	}
	return nil, fmt.Errorf("%s", rest)
}
