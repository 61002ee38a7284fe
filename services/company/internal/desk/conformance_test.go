package desk

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/charging/companytest"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
	"github.com/eletrovia/eletrovia/services/company/internal/store/embedded"
)

func TestCompanyInMemory(t *testing.T) {
	companytest.Run(t, func(t *testing.T) companytest.Fixture {
		w := newWorld(t, nil)
		return w.fixture(t, func(_ *testing.T, id charging.ReservationID) { w.cal.expire(id) })
	})
}

func TestCompanyOnMiniredis(t *testing.T) {
	overStore(t, embedded.Options{ForceMemory: true})
}

func TestCompanyOnRedis(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil && os.Getenv("CI") == "" {
		t.Skip("LEFT OUT: no redis-server here; the desk was tested on miniredis only")
	}
	if s := overStore(t, embedded.Options{}); s.Kind() != embedded.KindRedis {
		t.Errorf("tested on %s, not on a redis-server", s.Kind())
	}
}

// overStore runs the suite over a store, each company under a prefix of its own.
func overStore(t *testing.T, o embedded.Options) *embedded.Store {
	t.Helper()
	server, err := embedded.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close(context.Background()) })
	var n atomic.Int64
	companytest.Run(t, func(t *testing.T) companytest.Fixture {
		return onRedis(t, server.Addr(), fmt.Sprintf("c%d:", n.Add(1)))
	})
	return server
}

// onRedis is a desk over the real store.
func onRedis(t *testing.T, addr, prefix string) companytest.Fixture {
	t.Helper()
	var w *world
	var s *store.Store
	w = newWorld(t, func(o *Options) {
		var err error
		s, err = store.Open(t.Context(), store.Options{URL: "redis://" + addr, Prefix: prefix, Civil: o.Clock, PoolSize: 16})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		o.Calendar = s
	})
	return w.fixture(t, func(t *testing.T, id charging.ReservationID) {
		res, err := s.Reservation(t.Context(), id, []charging.LocationID{testLocation})
		if err != nil {
			t.Fatal(err)
		}
		deleteKey(t, addr, fmt.Sprintf("%slock:{%s}:%s:%s", prefix, testLocation, res.EVSEID, id))
	})
}

// deleteKey lets a hold lapse, as a person with redis-cli would: the lock is the
// hold.
func deleteKey(t *testing.T, addr, key string) {
	t.Helper()
	redisDo(t, addr, "DEL", key)
}

// redisDo is one command to a store, whose answer must be 1.
func redisDo(t *testing.T, addr string, args ...string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	command := fmt.Sprintf("*%d\r\n", len(args))
	for _, a := range args {
		command += fmt.Sprintf("$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := c.Write([]byte(command)); err != nil {
		t.Fatal(err)
	}
	if answer, err := bufio.NewReader(c).ReadString('\n'); err != nil || answer != ":1\r\n" {
		t.Fatalf("%v: %q, %v", args, answer, err)
	}
}

// fixture runs the world's desk for the conformance suite.
func (w *world) fixture(t *testing.T, expire func(*testing.T, charging.ReservationID)) companytest.Fixture {
	w.run(t)
	return companytest.Fixture{
		Company: w, Sessions: w,
		Read: func(ctx context.Context, id charging.ReservationID) (charging.Reservation, error) {
			return w.Reservation(ctx, id, "SER")
		},
		Origin: "SER", Other: "CAJ", EVSEs: []charging.EVSEID{evse1, evse2}, Terms: testTerms, Owners: true, IdleGrace: 10 * time.Minute,
		Now:     w.now,
		Advance: func(_ *testing.T, d time.Duration) { w.advance(d) },
		Expire:  expire,
		Ticket:  paperTicket,
		Withdraw: func(t *testing.T, evse charging.EVSEID, reason string) {
			if _, err := w.Withdraw(t.Context(), evse, reason); err != nil {
				t.Fatal(err)
			}
		},
		Restore: func(t *testing.T, evse charging.EVSEID) {
			if err := w.ReturnToService(t.Context(), evse); err != nil {
				t.Fatal(err)
			}
		},
		Told: func(t *testing.T, n int) []charging.Notice {
			for range n {
				select {
				case <-w.them.delivery:
				case <-time.After(5 * time.Second):
					t.Fatalf("waited in vain; heard %+v", w.them.heard())
				}
			}
			return w.them.heard()
		},
	}
}
