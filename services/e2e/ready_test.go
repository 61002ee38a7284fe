package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/broker/brokertest"
	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/app"
)

// TestReadyWithoutItsBroker: a broker elsewhere that dies takes no server out of a
// load balancer: bookings and peers need none. It made /readyz 503 on all servers of
// the company, within ten milliseconds.
func TestReadyWithoutItsBroker(t *testing.T) {
	m := brokertest.StartMosquitto(t, map[string]string{brokertest.Server: "servers", "SER": app.DemoToken("SER"), "CAJ": app.DemoToken("CAJ")})
	f := start(t, func(o *app.Options) {
		if o.Company == "MAR" {
			o.MQTTAddr, o.MQTTBroker, o.MQTTPassword = "", "tcp://"+brokertest.Server+"@"+m.Addr, "servers"
		}
	})
	d := f.as(vehicle(1)).at("MAR")
	ready := func(use string) (int, api.Health) {
		var h api.Health
		resp, _ := d.send(http.MethodGet, "/readyz"+use, nil, &h)
		return resp.StatusCode, h
	}
	answers := func(use string, want int) func() bool {
		return func() bool { code, _ := ready(use); return code == want }
	}
	f.until(10*time.Second, "cars are heard", answers("?for=drive", http.StatusOK))
	m.Kill()
	f.until(10*time.Second, "cars are not heard", answers("?for=drive", http.StatusServiceUnavailable))
	code, h := ready("")
	if code != http.StatusOK || h.Status != "ok" || !slices.Contains(h.Impaired, "broker") || !strings.Contains(h.Checks["broker"], "what still works: plans, trips and bookings") {
		t.Errorf("%d %+v", code, h)
	}
	for i, id := range []charging.CompanyID{"MAR", "SER"} { // here, and from a peer
		if got, _ := f.as(vehicle(2)).at(id).book(trip.Abort, stop(evseM, 8*i), stop(evseS, 8*i+2)); got.State != trip.Confirmed {
			t.Errorf("at %s: %s %+v", id, got.State, got.Problem)
		}
	}
	m.Start(t)
	f.until(20*time.Second, "cars are heard again", answers("?for=drive", http.StatusOK))
}
