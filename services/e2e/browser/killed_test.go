package browser

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/link"
	"github.com/eletrovia/eletrovia/services/e2e/program"
)

// TestACompanyDiesInABrowser runs services/web/e2e/killed.mjs against three companies that
// are processes of their own: the server that a page came from is killed while it books,
// another company's while it is asked, and both come back. It fails where a page does not
// say that its server is away, shows the old as if it were new, or does not come right by
// itself.
func TestACompanyDiesInABrowser(t *testing.T) {
	needs(t)
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("LEFT OUT: needs redis-server")
	}
	dir, err := os.MkdirTemp("", "browser") // short: the stores' sockets live there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	f, err := fleet.New(fleet.Options{Binary: program.Path(t), Dir: dir, Seed: 14})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	if err := starts(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	cars := &cars{broker: f.Company["MAR"].Broker}
	t.Cleanup(cars.close)
	hand := httptest.NewServer(control(f, cars))
	t.Cleanup(hand.Close)
	args := []string{hand.URL}
	for _, id := range fleet.Companies {
		args = append(args, f.Company[id].Front.URL())
	}
	drive(t, "e2e/killed.mjs", args...)
}

func starts(ctx context.Context, f *fleet.Fleet) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	return f.Start(ctx)
}

// control is what the script can do to the companies: kill a server, start what is down,
// have what one company asks another one take a while, so that there is a middle, and
// have a car report.
func control(f *fleet.Fleet, c *cars) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /report/{vehicle}", c.report)
	mux.HandleFunc("POST /kill/{company}", func(_ http.ResponseWriter, r *http.Request) {
		f.Company[charging.CompanyID(r.PathValue("company"))].Servers[0].Kill()
	})
	mux.HandleFunc("POST /start", func(w http.ResponseWriter, r *http.Request) {
		if err := starts(r.Context(), f); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	// What is asked of one company, or of all of them.
	delay := func(w http.ResponseWriter, r *http.Request) {
		d, err := time.ParseDuration(r.PathValue("duration"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		of := charging.CompanyID(r.PathValue("company"))
		f.EachLink(func(_, to charging.CompanyID, l *link.Link) {
			if of == "" || of == to {
				l.Set(link.Faults{Delay: d})
			}
		})
	}
	mux.HandleFunc("POST /delay/{duration}", delay)
	mux.HandleFunc("POST /delay/{company}/{duration}", delay)
	return mux
}
