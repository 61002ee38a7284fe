package app

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// isSaid fits the message of that id.
func isSaid(id string) func(trip.Event) bool {
	return func(e trip.Event) bool {
		var m charging.Message
		return e.Type == trip.EventMessage && json.Unmarshal(e.Data, &m) == nil && m.ID == id
	}
}

func (w *everywhere) operatorOf(at charging.CompanyID) caller {
	return caller{who: "operator of " + string(at), user: "operator", secret: w.apps[at].o.OperatorSecret}
}

func (w *everywhere) operator(at charging.CompanyID) *client.Driver {
	w.Helper()
	d, err := client.NewDriver(client.DriverOptions{BaseURL: w.apps[at].URL(), User: "operator", Secret: w.apps[at].o.OperatorSecret})
	if err != nil {
		w.Fatal(err)
	}
	return d
}

// alerts hears what a car is told at a company's broker.
func (w *everywhere) alerts(at charging.CompanyID) <-chan carlink.Alert {
	w.Helper()
	c, heard := w.dialCar(at), make(chan carlink.Alert, 100)
	token := c.client.Subscribe(carlink.AlertsTopic(charging.VehicleID(w.owner.user)), 1, func(_ paho.Client, m paho.Message) {
		var a carlink.Alert
		if json.Unmarshal(m.Payload(), &a) == nil && a.Message != nil {
			heard <- a
		}
	})
	if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		w.Fatal(token.Error())
	}
	return heard
}

// The operator of a charger writes to the driver of a trip that began at another company:
// the car is told at that company's broker and its own, the streams at all three servers,
// and both companies keep it, once however often it is sent. It fails where a driver is
// not reached, is told twice for a repeat, or a stranger's operator or vehicle has a part
// in it.
func TestAMessageReachesADriverWhoCameByAnotherCompany(t *testing.T) {
	m := newMatrixOf(t, generous)
	w := &everywhere{
		matrix: m, apps: map[charging.CompanyID]*App{"MAR": m.mar, "SER": m.ser, "CAJ": m.caj},
		owner: caller{who: "owner", user: string(m.here.id), secret: m.here.secret},
	}
	booked := w.bookNow("MAR") // at an EVSE of SER
	v := charging.VehicleID(w.owner.user)
	streams := map[charging.CompanyID]<-chan trip.Event{}
	for _, at := range three {
		streams[at] = w.listen(at, w.owner)
		left := len(three) - 1
		w.await("the others are heard at "+string(at), streams[at], func(e trip.Event) bool {
			for _, other := range three {
				if hears(other, true)(e) {
					left--
				}
			}
			return left == 0
		})
	}
	stranger := w.listen("SER", caller{user: "EV-0001", secret: DemoSecret})
	cars := map[charging.CompanyID]<-chan carlink.Alert{"MAR": w.alerts("MAR"), "SER": w.alerts("SER")}

	q := api.MessageRequest{Text: "Bay 2 is under water; use 3 — olá ☂", Reason: "rain", ReservationID: booked.Legs[0].ReservationID}
	sent, err := w.operator("SER").Message(t.Context(), v, q, "key-1")
	if err != nil || sent.From != "SER" || len(sent.Told) != 1 || sent.Told[0] != (api.MessageTold{CompanyID: "MAR", OK: true}) {
		t.Fatalf("%+v, %v", sent, err)
	}
	again, err := w.operator("SER").Message(t.Context(), v, q, "key-1")
	if err != nil || again.ID != sent.ID || !again.At.Equal(sent.At) {
		t.Errorf("repeated: %+v, %v", again, err)
	}
	q.Text = "another"
	if _, err := w.operator("SER").Message(t.Context(), v, q, "key-1"); charging.CodeOf(err) != charging.CodeIDReused {
		t.Errorf("another text under the key: %v", err)
	}
	for at, heard := range streams {
		w.await("the message at "+string(at), heard, isSaid(sent.ID))
	}
	for at, heard := range cars {
		select {
		case a := <-heard:
			if a.Code != carlink.CodeMessage || a.Message.Text != sent.Text || a.Message.ID != sent.ID {
				t.Errorf("the car at %s was told %+v", at, a)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("the car at %s was told nothing", at)
		}
		if len(heard) > 0 {
			t.Errorf("the car at %s was told twice", at)
		}
	}
	for at, want := range map[charging.CompanyID]int{"MAR": 1, "SER": 1, "CAJ": 0} {
		me, err := w.driver(at).Me(t.Context())
		if err != nil || len(me.Messages) != want || want > 0 && me.Messages[0] != sent.Message {
			t.Errorf("kept at %s: %+v, %v", at, me.Messages, err)
		}
	}
	if _, err := w.operator("CAJ").Message(t.Context(), v, api.MessageRequest{Text: "buy here", Reason: "spam"}, ""); charging.CodeOf(err) != charging.CodeForbidden {
		t.Errorf("an operator who has nothing of the vehicle: %v", err)
	}
	for len(stranger) > 0 {
		if e := <-stranger; e.Type == trip.EventMessage {
			t.Errorf("another vehicle was told %+v", e)
		}
	}
}

// What a company may hand on, and an operator may say: text alone, on one line, not more
// than six an hour, for a vehicle with a trip that has to do with it. It fails where a
// peer that has no stop of a trip reaches its driver, or a text turns the writing of
// what is around it.
func TestWhatMayBeSaidToADriver(t *testing.T) {
	m := newMatrixOf(t, generous)
	w := &everywhere{
		matrix: m, apps: map[charging.CompanyID]*App{"MAR": m.mar, "SER": m.ser, "CAJ": m.caj},
		owner: caller{who: "owner", user: string(m.here.id), secret: m.here.secret},
	}
	w.bookNow("MAR")
	path := "/api/v1/vehicles/" + w.owner.user + "/message"
	say := func(text string) reply {
		raw, _ := json.Marshal(api.MessageRequest{Text: text, Reason: "a test"})
		return w.ask("SER", http.MethodPost, path, w.operatorOf("SER"), string(raw))
	}
	for _, text := range []string{"", " ", "two\nlines", "\u202eevil", "a\u2066b", "esc\x1b[2J", "zero\u200bwidth", strings.Repeat("x", 501)} {
		if got := say(text); got.code != charging.CodeInvalidField {
			t.Errorf("%q: %d %v", text, got.status, got.body)
		}
	}
	for n := range 7 {
		want := http.StatusOK
		if n == 6 {
			want = http.StatusTooManyRequests
		}
		if got := say(strings.Repeat("ã", 500-n)); got.status != want || (n == 6) != (got.header.Get("Retry-After") != "") {
			t.Errorf("%d: %d %v", n, got.status, got.body)
		}
	}
	handOn := func(from *App, at charging.CompanyID, text string) charging.Code {
		raw, _ := json.Marshal(charging.Message{ID: "0199a2b3-6c00-7abc-8def-0123456789aa", At: time.Now(), Text: text, From: "SER"})
		token := caller{token: w.shows(from.Company(), from, at, time.Now())}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.apps[at].URL()+"/federation/v1/vehicles/"+w.owner.user+"/message", strings.NewReader(string(raw)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", token.authorization())
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var p struct{ Code charging.Code }
		_ = json.NewDecoder(resp.Body).Decode(&p)
		return p.Code
	}
	if got := handOn(w.caj, "MAR", "buy here"); got != charging.CodeForbidden {
		t.Errorf("CAJ, which has no stop of it: %q", got)
	}
	if got := handOn(w.ser, "CAJ", "buy here"); got != charging.CodeForbidden {
		t.Errorf("at CAJ, where nothing began: %q", got)
	}
	if got := handOn(w.ser, "MAR", "\u202eevil"); got != charging.CodeInvalidField {
		t.Errorf("a text that turns: %q", got)
	}
}
