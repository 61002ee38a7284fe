package desk

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

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
	companytest.Run(t, func(t *testing.T) companytest.Fixture { return onRedis(t, miniredis.RunT(t).Addr(), "") })
}

func TestCompanyOnRedis(t *testing.T) {
	server, err := embedded.Open(t.Context(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close(context.Background()) })
	if server.Kind() != embedded.KindRedis {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no redis-server here")
		}
		t.Skip("LEFT OUT: no redis-server here; the desk was tested on miniredis only")
	}
	var n atomic.Int64
	companytest.Run(t, func(t *testing.T) companytest.Fixture {
		return onRedis(t, server.Addr(), fmt.Sprintf("c%d:", n.Add(1)))
	})
}

// onRedis is a desk over the real store, seen from behind to let holds lapse.
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
	raw := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { _ = raw.Close() })
	return w.fixture(t, func(t *testing.T, id charging.ReservationID) {
		keys, err := raw.Keys(t.Context(), prefix+"lock:*:"+string(id)).Result()
		if err != nil || len(keys) != 1 {
			t.Fatalf("the lock of %s: %v, %v", id, keys, err)
		}
		if err := raw.Del(t.Context(), keys[0]).Err(); err != nil {
			t.Fatal(err)
		}
	})
}

// fixture runs the world's desk for the conformance suite.
func (w *world) fixture(t *testing.T, expire func(*testing.T, charging.ReservationID)) companytest.Fixture {
	w.run(t)
	return companytest.Fixture{
		Company: w, Sessions: w,
		Read: func(ctx context.Context, id charging.ReservationID) (charging.Reservation, error) {
			return w.Reservation(ctx, id, "SER")
		},
		Origin: "SER", Other: "CAJ", EVSEs: []charging.EVSEID{evse1, evse2}, Terms: testTerms, Owners: true,
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
			if err := w.Restore(t.Context(), evse); err != nil {
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
