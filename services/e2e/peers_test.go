package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	restclient "github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// TestPeersHearEachOthersBrokers: a company that goes is offline at its peers by
// its last will, and its calendar is what the others plan with.
func TestPeersHearEachOthersBrokers(t *testing.T) {
	f := start(t)
	online := func(at, of charging.CompanyID) bool {
		var list []api.Peer
		f.as("operator").at(at).get("/api/v1/peers", &list)
		for _, p := range list {
			if p.CompanyID == of {
				return p.MQTT != nil && p.MQTT.Online
			}
		}
		return false
	}
	for _, at := range companies {
		for _, of := range companies {
			if at != of {
				f.until(20*time.Second, string(at)+" hears "+string(of), func() bool { return online(at, of) })
			}
		}
	}
	// What SER takes out of service shows at MAR without being asked for.
	evse := "BR*SER*E0001*1"
	if resp, p := f.as("operator").at("SER").send(http.MethodPut, "/api/v1/evses/"+evse+"/status",
		map[string]string{"status": "OUTOFORDER", "reason": "BROKEN_CHARGER"}, nil); resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %+v", resp.StatusCode, p)
	}
	f.until(20*time.Second, "MAR knows that it is out of order", func() bool {
		var all []api.Location
		f.as("").at("MAR").get("/api/v1/locations?limit=500", &all)
		for _, l := range all {
			for _, e := range l.EVSEs {
				if string(e.EVSEID) == evse {
					return e.Status == charging.StatusOutOfOrder
				}
			}
		}
		return false
	})
	// MAR's live view is told that CAJ goes.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	seen := f.peerEvents(ctx, "MAR")
	if err := f.apps["CAJ"].Stop(ctx); err != nil {
		t.Fatal(err)
	}
	for p := range seen {
		if p.CompanyID == "CAJ" && p.MQTT != nil && !p.MQTT.Online {
			break
		}
	}
	if ctx.Err() != nil {
		t.Fatal("the live view was not told that CAJ has gone")
	}
	f.until(20*time.Second, "MAR no longer hears CAJ", func() bool { return !online("MAR", "CAJ") })
	if !online("MAR", "SER") {
		t.Error("SER is not heard any more")
	}
}

// peerEvents are the peers in an operator's event stream.
func (f *federation) peerEvents(ctx context.Context, at charging.CompanyID) <-chan api.Peer {
	f.t.Helper()
	operator, err := restclient.NewDriver(restclient.DriverOptions{BaseURL: f.url(at), User: "operator", Secret: secret})
	if err != nil {
		f.t.Fatal(err)
	}
	out := make(chan api.Peer, 64)
	go func() {
		defer close(out)
		for e, err := range operator.Events(ctx, 0) {
			if err != nil {
				return
			}
			var p api.Peer
			if e.Type == trip.EventPeer && json.Unmarshal(e.Data, &p) == nil {
				out <- p
			}
		}
	}()
	return out
}
