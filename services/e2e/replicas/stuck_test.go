package replicas

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/e2e/program"
)

// cli runs a command as an operator does at a server of MAR.
func (w *world) cli(s *server, args ...string) string {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), program.Racing(w.t), append([]string{"--server", s.url}, args...)...)
	cmd.Env = append(os.Environ(), "ELETROVIA_OPERATOR_SECRET="+secret)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		w.t.Fatalf("%v: %v\n%s", args, err, out.String())
	}
	return out.String()
}

// A stop that cannot be released is listed at every server, with reason,
// attempts and next retry; any server retries or resolves it, and says who did.
func TestStuckAtEveryServer(t *testing.T) {
	newWorld(t, map[string]int{"MAR": 2}).stuck(0)
}

// stuck books from the k-th half hour on.
func (w *world) stuck(k int) {
	t := w.t
	mar, caj := w.companies["MAR"].live(), w.companies["CAJ"]
	pass := w.register(mar[0], "BR-MAR-EV-STUCK")
	first := w.client(mar[0], "BR-MAR-EV-STUCK", pass)
	var trips []trip.Trip
	for n := range 2 {
		got := first.book(trip.Abort, 20, w.stop(evse("MAR", 1), k+6*n), w.stop(evse("CAJ", 1), k+6*n+3))
		must(t, got, trip.Confirmed)
		trips = append(trips, got)
	}
	caj.stall()
	for _, tr := range trips {
		if status, p := first.send("DELETE", "/api/v1/trips/"+string(tr.ID), nil, nil); status != http.StatusOK {
			t.Fatalf("cancel: %d %+v", status, p)
		}
	}
	for _, s := range mar {
		var stuck []trip.Trip
		until(t, 20*time.Second, "both trips are listed as stuck", func() bool {
			w.client(s, "operator", secret).get("/api/v1/trips?stuck=true", &stuck)
			return len(stuck) == 2
		})
		for _, tr := range stuck {
			if x := tr.Saga.Stuck; x == nil || x.Leg != 2 || x.Attempts < 1 || !strings.Contains(x.Reason, "CAJ") || x.NextRetry.IsZero() {
				t.Errorf("stuck: %+v", tr.Saga)
			}
		}
		if out := w.cli(s, "sagas", "--stuck"); strings.Count(out, "CAJ") < 2 {
			t.Errorf("sagas --stuck: %s", out)
		}
	}
	// One is resolved by an operator's word, at the server that did not begin it.
	w.cli(mar[1], "sagas", "resolve", string(trips[1].ID), "--reason", "CAJ says by telephone that it is free")
	caj.resume()
	// The other is retried, there too; again, when CAJ was not yet asked because
	// nobody knew that it is back.
	until(t, 30*time.Second, "nothing is stuck", func() bool {
		if strings.Contains(w.cli(mar[0], "sagas", "--stuck"), "no saga is stuck") {
			return true
		}
		w.cli(mar[1], "sagas", "retry", string(trips[0].ID))
		return false
	})
	if _, held := caj.held(t)[string(trips[0].Legs[1].ReservationID)]; held {
		t.Error("the retried stop is not released")
	}
	for i, step := range []string{"retry", "resolve"} {
		if h := first.history(string(trips[i].ID)); !hasStep(h, step) {
			t.Errorf("the journal does not say %s: %+v", step, h)
		}
		if log := mar[1].log.String(); !strings.Contains(log, `"audit":"`+step+" a trip") {
			t.Errorf("the log does not say %s", step)
		}
	}
}
