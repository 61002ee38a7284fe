package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/api/apitest"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/app"
)

var companies = []charging.CompanyID{"MAR", "SER", "CAJ"}

// federation is three companies in one process, each with a store of its own.
type federation struct {
	t     *testing.T
	apps  map[charging.CompanyID]*app.App
	links map[charging.CompanyID]*link
}

// vehicles are enough for every client of a test to have its own.
func vehicles(n int) map[charging.VehicleID]string {
	m := map[charging.VehicleID]string{}
	for i := 1; i <= n; i++ {
		m[vehicle(i)] = secret
	}
	return m
}

func vehicle(i int) charging.VehicleID { return charging.VehicleID(fmt.Sprintf("EV-%04d", i)) }

const secret = "demo"

// start boots the federation and waits until everybody knows everybody.
func start(t *testing.T, tune ...func(*app.Options)) *federation {
	t.Helper()
	f := &federation{t: t, apps: map[charging.CompanyID]*app.App{}, links: map[charging.CompanyID]*link{}}
	urls := map[charging.CompanyID]string{}
	for _, id := range companies {
		f.links[id] = newLink()
		server := httptest.NewServer(f.links[id])
		t.Cleanup(server.Close)
		urls[id] = server.URL
	}
	around := apitest.Hold(t)
	for _, id := range companies {
		o := app.Options{
			Company: id, HTTPAddr: "127.0.0.1:0", MQTTAddr: "127.0.0.1:0", AdvertiseHTTP: urls[id],
			Store:    app.Store{Dir: t.TempDir()},
			Vehicles: vehicles(128), OperatorSecret: secret, DemoTokens: true, Log: zerolog.Nop(), RateLimit: -1, Registrations: 5000,
			Timings: app.Timings{Refresh: time.Second}, Around: around,
		}
		for _, p := range companies {
			if p != id {
				o.Peers = append(o.Peers, app.Peer{ID: p, URL: urls[p]})
			}
		}
		for _, f := range tune {
			f(&o)
		}
		f.boot(id, o)
	}
	f.ready()
	return f
}

func (f *federation) boot(id charging.CompanyID, o app.Options) {
	f.t.Helper()
	a, err := app.New(o)
	if err != nil {
		f.t.Fatalf("%s: %v", id, err)
	}
	if err := a.Start(f.t.Context()); err != nil {
		f.t.Fatalf("%s: %v", id, err)
	}
	f.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			f.t.Errorf("%s: %v", id, err)
		}
	})
	f.apps[id] = a
	f.links[id].target.Store(&url.URL{Scheme: "http", Host: a.HTTPAddr()})
}

// url of a company's own REST server, past its link.
func (f *federation) url(id charging.CompanyID) string { return "http://" + f.apps[id].HTTPAddr() }

// ready waits until each server lists the locations of all three.
func (f *federation) ready() {
	f.t.Helper()
	f.until(30*time.Second, "every server knows every company's locations", func() bool {
		for _, id := range companies {
			seen := map[string]bool{}
			var locs []struct {
				EVSEs []struct {
					ID charging.EVSEID `json:"evse_id"`
				} `json:"evses"`
			}
			f.as("").at(id).get("/api/v1/locations?limit=500", &locs)
			for _, l := range locs {
				for _, e := range l.EVSEs {
					seen[string(e.ID.Company())] = true
				}
			}
			if len(seen) != len(companies) {
				return false
			}
		}
		return true
	})
}

// until polls a condition that no event announces.
func (f *federation) until(limit time.Duration, what string, ok func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(limit); !ok(); {
		if time.Now().After(deadline) {
			f.t.Fatalf("not within %s: %s", limit, what)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// store opens a company's Redis as a person with redis-cli would.
func (f *federation) store(id charging.CompanyID) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: f.apps[id].StoreAddr()})
	f.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (f *federation) keys(id charging.CompanyID, pattern string) []string {
	f.t.Helper()
	var keys []string
	it := f.store(id).Scan(f.t.Context(), 0, pattern, 1000).Iterator()
	for it.Next(f.t.Context()) {
		keys = append(keys, it.Val())
	}
	if err := it.Err(); err != nil {
		f.t.Fatal(err)
	}
	return keys
}

// booking is one member of a calendar.
type booking struct {
	evse       string
	start, end int64
	member     string
}

// calendars reads every calendar of a company, and asserts that no two
// bookings of one EVSE share an instant.
func (f *federation) calendars(id charging.CompanyID) []booking {
	f.t.Helper()
	var all []booking
	for _, key := range f.keys(id, "cal:*") {
		zs, err := f.store(id).ZRangeWithScores(f.t.Context(), key, 0, -1).Result()
		if err != nil {
			f.t.Fatal(err)
		}
		var bs []booking
		for _, z := range zs {
			b := booking{evse: key, start: int64(z.Score), member: z.Member.(string)}
			var kind, rid string
			if n, _ := fmt.Sscanf(b.member, "%1s|%d|%s", &kind, &b.end, &rid); n != 3 {
				f.t.Fatalf("%s: odd member %q", key, b.member)
			}
			bs = append(bs, b)
		}
		slices.SortFunc(bs, func(a, b booking) int { return int(a.start - b.start) })
		for i := 1; i < len(bs); i++ {
			if bs[i].start < bs[i-1].end {
				f.t.Errorf("%s sold twice: %+v and %+v", key, bs[i-1], bs[i])
			}
		}
		all = append(all, bs...)
	}
	return all
}

// nothingHeld asserts that no company holds anything: no lock, no booking.
func (f *federation) nothingHeld() {
	f.t.Helper()
	for _, id := range companies {
		if k := f.keys(id, "lock:*"); len(k) != 0 {
			f.t.Errorf("%s still holds %v", id, k)
		}
		if b := f.calendars(id); len(b) != 0 {
			f.t.Errorf("%s still has bookings: %+v", id, b)
		}
	}
}

var client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
