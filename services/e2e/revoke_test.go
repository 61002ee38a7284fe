package e2e

import (
	"encoding/base64"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/app"
)

// wire is a car's MQTT connection; lost is closed when it is cut.
type wire struct {
	paho.Client
	lost chan struct{}
}

func (f *federation) dial(at charging.CompanyID, car charging.VehicleID, password string) (wire, error) {
	f.t.Helper()
	w := wire{lost: make(chan struct{})}
	w.Client = paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + f.apps[at].MQTTAddr()).
		SetClientID("it").SetUsername(string(car)).SetPassword(password).SetProtocolVersion(4).SetAutoReconnect(false).
		SetConnectionLostHandler(func(paho.Client, error) { close(w.lost) }))
	token := w.Connect()
	if !token.WaitTimeout(20 * time.Second) {
		f.t.Fatalf("%s does not answer a login", at)
	}
	f.t.Cleanup(func() { w.Disconnect(0) })
	return w, token.Error()
}

// cut waits until a connection has been.
func (w wire) cut(t *testing.T, where charging.CompanyID) {
	t.Helper()
	select {
	case <-w.lost:
	case <-time.After(30 * time.Second):
		t.Fatalf("the connection at %s is still there", where)
	}
}

// speaks fails where a connection is not there any more.
func (w wire) speaks(t *testing.T, where charging.CompanyID, car charging.VehicleID) {
	t.Helper()
	token := w.Subscribe("ev/"+string(car)+"/#", 1, nil)
	if !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatalf("the connection at %s: %v", where, token.Error())
	}
}

func (d driver) showing(secret string) driver {
	return d.with("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(d.user+":"+secret)))
}

// refused reports whether a company does not know a vehicle by a secret.
func (d driver) refused() bool {
	d.f.t.Helper()
	_, p := d.send(http.MethodGet, "/api/v1/trips?limit=1", nil, nil)
	return p.Code == charging.CodeUnauthenticated
}

type shown struct {
	Secret string `json:"secret"`
}

func (f *federation) registers(car charging.VehicleID) string {
	f.t.Helper()
	var s shown
	if resp, p := f.as("").at("MAR").send(http.MethodPost, "/api/v1/vehicles", map[string]any{"model": "byd-dolphin", "vehicle_id": car}, &s); resp.StatusCode != http.StatusCreated {
		f.t.Fatalf("register: %d %+v", resp.StatusCode, p)
	}
	return s.Secret
}

func (d driver) revokes(car charging.VehicleID) (string, problem) {
	d.f.t.Helper()
	var s shown
	_, p := d.send(http.MethodPost, "/api/v1/vehicles/"+string(car)+"/revoke", map[string]string{"reason": "stolen"}, &s)
	return s.Secret, p
}

// TestAStolenSecret: who registered at MAR and had its secret stolen gets another.
// The old one ends at MAR at once and at SER soon, with its connections and
// sessions; trips that are booked or in flight stay the vehicle's.
func TestAStolenSecret(t *testing.T) {
	f := start(t, func(o *app.Options) {
		o.Timings.CallTimeout, o.Timings.StepBudget, o.Timings.ConfirmBudget = 8*time.Second, 20*time.Second, 20*time.Second
		o.Timings.Lease, o.Timings.HoldTTL = 10*time.Second, 60*time.Second
	})
	const car = charging.VehicleID("BR-MAR-EV-STOLEN")
	old := f.registers(car)
	thief := map[charging.CompanyID]driver{}
	wires := map[charging.CompanyID]wire{}
	for _, id := range []charging.CompanyID{"MAR", "SER"} {
		thief[id] = f.as(car).at(id).showing(old)
		var err error
		if wires[id], err = f.dial(id, car, old); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		wires[id].speaks(t, id, car)
	}
	booked, p := thief["MAR"].book(trip.Abort, stop(evseM, 0), stop(evseS, 2))
	if booked.State != trip.Confirmed {
		t.Fatalf("%s %+v %+v", booked.State, booked.Problem, p)
	}
	session := f.opensSession(car, old)

	// A second trip is on its way to SER while the secret ends.
	arrived, goOn := make(chan struct{}, 100), make(chan struct{})
	f.links["SER"].set("/reservations/", func(http.ResponseWriter, *http.Request) bool {
		arrived <- struct{}{}
		<-goOn
		return false
	})
	var flying trip.Trip
	if resp, p := thief["MAR"].send(http.MethodPost, "/api/v1/trips", map[string]any{
		"vehicle_id": car, "stops": []stopAt{stop(evseM, 8), stop(evseS, 10)}, "on_conflict": "abort",
	}, &flying); resp.StatusCode != http.StatusCreated {
		t.Fatalf("%d %+v", resp.StatusCode, p)
	}
	<-arrived

	f.refusesToRevoke(car)
	fresh, p := f.as("operator").at("MAR").revokes(car)
	if fresh == "" || fresh == old {
		t.Fatalf("%+v", p)
	}
	if !thief["MAR"].refused() { // not soon: now
		t.Error("MAR takes the old secret")
	}
	f.links["SER"].set("", nil)
	close(goOn)
	wires["MAR"].cut(t, "MAR")
	f.until(30*time.Second, "SER refuses the old secret", thief["SER"].refused)
	wires["SER"].cut(t, "SER")
	if _, p := f.as("").at("SER").with("Cookie", session).send(http.MethodGet, "/api/v1/trips?limit=1", nil, nil); p.Code != charging.CodeUnauthenticated {
		t.Errorf("a browser's session of the old secret: %+v", p)
	}
	owner := map[charging.CompanyID]wire{}
	for _, id := range []charging.CompanyID{"MAR", "SER"} {
		if _, err := f.dial(id, car, old); err == nil {
			t.Errorf("MQTT at %s takes the old secret", id)
		}
		if f.as(car).at(id).showing(fresh).refused() {
			t.Errorf("%s refuses the new secret", id)
		}
		var err error
		if owner[id], err = f.dial(id, car, fresh); err != nil {
			t.Errorf("MQTT at %s refuses the new secret: %v", id, err)
		}
	}
	mine := f.as(car).at("MAR").showing(fresh)
	for _, id := range []charging.TripID{booked.ID, flying.ID} {
		if got := mine.settled(id, 30*time.Second); got.State != trip.Confirmed || got.VehicleID != car {
			t.Errorf("trip %s is %s of %s: %+v", id, got.State, got.VehicleID, got.Problem)
		}
	}

	// The vehicle itself can do it, too; when SER has heard that, the list that
	// names its old secrets has not cut who came with the one before.
	const other = charging.VehicleID("BR-MAR-EV-OTHER")
	first := f.registers(other)
	if f.as(other).at("SER").showing(first).refused() {
		t.Fatal("SER refuses a secret that nobody has revoked")
	}
	if second, p := f.as(other).at("MAR").showing(first).revokes(other); second == "" {
		t.Fatalf("the vehicle itself: %+v", p)
	}
	if _, p := f.as(other).at("MAR").showing(first).revokes(other); p.Code != charging.CodeUnauthenticated {
		t.Errorf("once more with the old secret: %+v", p)
	}
	f.until(30*time.Second, "SER refuses the other's old secret", f.as(other).at("SER").showing(first).refused)
	for id, w := range owner {
		w.speaks(t, id, car)
	}
	last, _ := f.as("operator").at("MAR").revokes(car) // the answer before was lost
	if !mine.refused() || f.as(car).at("MAR").showing(last).refused() {
		t.Error("of two answers the last counts")
	}
	owner["MAR"].cut(t, "MAR")
}

// refusesToRevoke: not for another vehicle, nor elsewhere, nor what is not known
// or in the configuration.
func (f *federation) refusesToRevoke(car charging.VehicleID) {
	f.t.Helper()
	for name, c := range map[string]struct {
		who  driver
		car  charging.VehicleID
		code charging.Code
		says string
	}{
		"another vehicle":       {f.as(vehicle(1)).at("MAR"), car, charging.CodeForbidden, "its own secret"},
		"a wrong secret":        {f.as(car).at("MAR"), car, charging.CodeUnauthenticated, ""},
		"nobody":                {f.as("").at("MAR"), car, charging.CodeUnauthenticated, ""},
		"another's operator":    {f.as("operator").at("SER"), car, charging.CodeInvalidField, "registered at MAR"},
		"an unknown vehicle":    {f.as("operator").at("MAR"), "EV-NOBODY", charging.CodeInvalidField, "knows no vehicle"},
		"a vehicle of the demo": {f.as("operator").at("MAR"), vehicle(1), charging.CodeInvalidField, "configuration"},
	} {
		secret, p := c.who.revokes(c.car)
		text := p.Detail
		for _, e := range p.Errors {
			text += e.Reason
		}
		if secret != "" || p.Code != c.code || !strings.Contains(text, c.says) {
			f.t.Errorf("%s: %+v, want %s with %q", name, p, c.code, c.says)
		}
	}
}

// opensSession gives the cookie of a browser's session at SER.
func (f *federation) opensSession(car charging.VehicleID, secret string) string {
	f.t.Helper()
	resp, p := f.as(car).at("SER").showing(secret).send(http.MethodPost, "/api/v1/session", nil, nil)
	if len(resp.Cookies()) != 1 {
		f.t.Fatalf("session: %d %+v", resp.StatusCode, p)
	}
	k := resp.Cookies()[0]
	cookie := k.Name + "=" + k.Value
	f.as("").at("SER").with("Cookie", cookie).get("/api/v1/trips?limit=1", nil)
	return cookie
}

// TestAStolenSecretAtAnotherServer: what one server of a company ends, the other
// refuses, and cuts.
func TestAStolenSecretAtAnotherServer(t *testing.T) {
	key := filepath.Join(t.TempDir(), "keys.pem")
	var options app.Options
	f := start(t, func(o *app.Options) {
		if o.Company == "MAR" {
			o.KeyFile = key
			options = *o
		}
	})
	first := f.apps["MAR"]
	options.Store = app.Store{URL: "redis://" + first.StoreAddr()}
	f.boot("MAR", options)
	const car = charging.VehicleID("BR-MAR-EV-STOLEN")
	old := f.registers(car)
	second, err := f.dial("MAR", car, old)
	if err != nil {
		t.Fatal(err)
	}
	second.speaks(t, "MAR", car)
	thief := f.as(car).at("MAR").showing(old)
	if thief.refused() {
		t.Fatal("nothing is revoked yet")
	}
	atFirst := f.as("operator")
	atFirst.base = "http://" + first.HTTPAddr()
	fresh, p := atFirst.revokes(car)
	if fresh == "" {
		t.Fatalf("%+v", p)
	}
	second.cut(t, "the other server of MAR")
	if !thief.refused() || f.as(car).at("MAR").showing(fresh).refused() {
		t.Error("the other server takes the old secret, or refuses the new one")
	}
	// A store that forgets is told again by whoever runs.
	if n, err := f.store("MAR").Del(t.Context(), "revoked:through").Result(); err != nil || n != 1 {
		t.Fatalf("forgot %d, %v", n, err)
	}
	f.until(30*time.Second, "the store has the list again", func() bool { return len(f.keys("MAR", "revoked:through")) == 1 })
}
