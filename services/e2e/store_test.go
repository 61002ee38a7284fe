package e2e

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/app"
)

// TestAPersonSeesLocksWithRedisCLI: while a trip waits for a decision, its
// other stops are locks with a TTL.
func TestAPersonSeesLocksWithRedisCLI(t *testing.T) {
	cli := needs(t, "redis-cli")
	f := start(t)
	if got, _ := f.as(vehicle(1)).at("CAJ").book(trip.Abort, stop(evseC, 4)); got.State != trip.Confirmed {
		t.Fatalf("%s %+v", got.State, got.Problem)
	}
	asks, _ := f.as(vehicle(2)).at("MAR").book(trip.Ask, stop(evseM, 0), stop(evseS, 2), stop(evseC, 4))
	if asks.State != trip.AwaitingDecision || asks.Decision.Code != charging.CodeSlotTaken || len(asks.Decision.Alternatives) < 3 {
		t.Fatalf("%s %+v", asks.State, asks.Decision)
	}
	_, port, _ := strings.Cut(f.apps["MAR"].StoreAddr(), ":")
	out, err := exec.Command(cli, "-p", port, "--scan", "--pattern", "lock:*").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "lock:{BR*MAR*L") || strings.Count(string(out), "\n") != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	ttl, err := exec.Command(cli, "-p", port, "ttl", strings.TrimSpace(string(out))).CombinedOutput()
	if err != nil || strings.HasPrefix(string(ttl), "-") {
		t.Fatalf("%v: TTL %s", err, ttl)
	}
	var locks []struct {
		State string `json:"state"`
		TTL   int64  `json:"ttl_ms"`
	}
	f.as("operator").at("MAR").get("/api/v1/locks", &locks)
	if len(locks) != 1 || locks[0].State != "PENDING" || locks[0].TTL <= 0 {
		t.Fatalf("GET locks: %+v", locks)
	}
	// The driver takes the first alternative.
	var after trip.Trip
	if resp, p := f.as(vehicle(2)).at("MAR").send(http.MethodPost, "/api/v1/trips/"+string(asks.ID)+"/decision",
		map[string]string{"action": "continue", "alternative_id": asks.Decision.Alternatives[0].ID}, &after); resp.StatusCode != http.StatusOK {
		t.Fatalf("decision: %d %+v", resp.StatusCode, p)
	}
	if got := f.as(vehicle(2)).at("MAR").settled(asks.ID, 10*time.Second); got.State != trip.Confirmed {
		t.Fatalf("%s %+v", got.State, got.Problem)
	}
	f.onlyConfirmedHeld()
}

// TestStoreAway: a server whose store is gone says so, and recovers by itself.
func TestStoreAway(t *testing.T) {
	cli := needs(t, "redis-cli")
	f := start(t, func(o *app.Options) { o.Store.Fsync = "always" }) // what is acknowledged survives kill -9
	d := f.as(vehicle(1)).at("SER")
	_, port, _ := strings.Cut(f.apps["SER"].StoreAddr(), ":")
	// The store is stopped for longer than any call lasts, then goes on.
	pid := processOf(t, cli, port)
	signal(t, "STOP", pid)
	resp, p := d.send(http.MethodPost, "/api/v1/trips", map[string]any{"vehicle_id": "EV-0001", "stops": []stopAt{stop(evseM, 1)}}, nil)
	if resp.StatusCode != http.StatusServiceUnavailable || p.Code != charging.CodeStoreUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%d %+v, Retry-After %q", resp.StatusCode, p, resp.Header.Get("Retry-After"))
	}
	if resp, _ := d.send(http.MethodGet, "/readyz", nil, nil); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("readyz: %d", resp.StatusCode)
	}
	signal(t, "CONT", pid)
	f.until(15*time.Second, "the server books again", func() bool {
		got, _ := f.as(vehicle(2)).at("SER").book(trip.Abort, stop(evseM, 4), stop(evseS, 6))
		return got.State == trip.Confirmed
	})
	// And killed: it is started again with what it had.
	signal(t, "KILL", pid)
	f.until(20*time.Second, "the server books again after its store died", func() bool {
		got, _, err := tryBook(f.as(vehicle(3)).at("SER"), stop(evseM, 12), stop(evseS, 14))
		return err == nil && got.State == trip.Confirmed
	})
	other, _ := f.as(vehicle(4)).at("MAR").book(trip.Abort, stop(evseS, 6))
	if other.State != trip.Aborted {
		t.Errorf("a booking did not survive its store: %s", other.State)
	}
}

func tryBook(d driver, stops ...stopAt) (trip.Trip, problem, error) {
	var t trip.Trip
	_, p, err := d.with("Prefer", "wait=10").try(http.MethodPost, "/api/v1/trips",
		map[string]any{"vehicle_id": d.user, "stops": stops, "on_conflict": "abort"}, &t)
	return t, p, err
}

func processOf(t *testing.T, cli, port string) string {
	t.Helper()
	out, err := exec.Command(cli, "-p", port, "info", "server").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range strings.Split(string(out), "\r\n") {
		if pid, ok := strings.CutPrefix(l, "process_id:"); ok {
			return pid
		}
	}
	t.Fatal("the store does not tell its process id")
	return ""
}

func signal(t *testing.T, name, pid string) {
	t.Helper()
	if out, err := exec.Command("kill", "-"+name, pid).CombinedOutput(); err != nil {
		t.Fatalf("kill -%s %s: %v %s", name, pid, err, out)
	}
}
