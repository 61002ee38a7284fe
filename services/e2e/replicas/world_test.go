package replicas

import (
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"
)

// world is three companies, each with a store and as many servers as a test
// wants behind an address of its own.
type world struct {
	t         *testing.T
	companies map[string]*company
	base      time.Time
}

type company struct {
	id      string
	store   place
	keys    string // file of the signing key, which the servers share
	front   *balancer
	url     string // of front
	servers []*server
}

var ids = []string{"MAR", "SER", "CAJ"}

const secret = "operator-secret-of-the-test"

// newWorld starts the stores, and so many servers of each company (one by default).
func newWorld(t *testing.T, servers map[string]int) *world {
	t.Helper()
	return newWorldOn(t, servers, nil)
}

// newWorldOn is newWorld with another kind of store for some companies.
func newWorldOn(t *testing.T, servers map[string]int, stores map[string]place) *world {
	t.Helper()
	w := &world{t: t, companies: map[string]*company{}}
	for _, id := range ids {
		c := &company{id: id, store: stores[id], front: newBalancer(t), keys: filepath.Join(t.TempDir(), "keys.pem")}
		front := httptest.NewServer(c.front)
		t.Cleanup(front.Close)
		c.url = front.URL
		if c.store.url == "" {
			c.store = alone(t)
		}
		w.companies[id] = c
	}
	for _, id := range ids {
		for range max(1, servers[id]) {
			w.add(id)
		}
	}
	w.base = time.Now().UTC().Truncate(time.Hour).Add(3 * time.Hour)
	w.meet()
	return w
}

// add starts one more server of a company, behind its address.
func (w *world) add(id string) *server {
	w.t.Helper()
	c := w.companies[id]
	environ := []string{"ELETROVIA_OPERATOR_SECRET=" + secret}
	args := []string{
		"--company", id, "--store", c.store.url, "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0",
		"--advertise-http", c.url, "--key-file", c.keys, "--rate-limit", "-1", "--registration", "open", "--registrations", "5000", "--log-level", "debug",
		// A few vehicles make many trips.
		"--limits", "vehicle=none,new=none,new-trips=none,share=none",
	}
	args = append(args, c.store.flags...)
	for _, other := range ids {
		if other != id {
			args = append(args, "--peer", other+"="+w.companies[other].url)
		}
	}
	s := serve(w.t, environ, args...)
	c.servers = append(c.servers, s)
	c.front.set(c.urls()...)
	return s
}

// live are the servers that run, oldest first.
func (c *company) live() (all []*server) {
	for _, s := range c.servers {
		select {
		case <-s.ended:
		default:
			all = append(all, s)
		}
	}
	return all
}

func (c *company) urls() (all []string) {
	for _, s := range c.live() {
		all = append(all, s.url)
	}
	return all
}

// meet waits until each server knows the locations of all companies.
func (w *world) meet() {
	w.t.Helper()
	for _, c := range w.companies {
		for _, s := range c.servers {
			w.known(s)
		}
	}
}

func (w *world) known(s *server) {
	w.t.Helper()
	until(w.t, 60*time.Second, "every server knows every company", func() bool {
		seen := map[string]bool{}
		var locs []struct {
			Company string `json:"company_id"`
			ID      string `json:"location_id"`
		}
		w.client(s, "", "").get("/api/v1/locations?limit=500", &locs)
		for _, l := range locs {
			for _, id := range ids {
				if len(l.ID) > 6 && l.ID[3:6] == id {
					seen[id] = true
				}
			}
		}
		return len(seen) == len(ids)
	})
}

// until polls a condition that no event announces.
func until(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// evse is the n-th EVSE of a company's inventory, from 1.
func evse(company string, n int) string { return fmt.Sprintf("BR*%s*E%04d*1", company, n) }
