package replicas

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

// asks books at a driver's server a trip over all companies whose stop at SER
// is taken, so that it waits for a decision there.
func (w *world) asks(d driver, k int) trip.Trip {
	w.t.Helper()
	ser := w.companies["SER"].servers[0]
	id := "BR-SER-IN-THE-WAY-" + strings.ReplaceAll(time.Now().Format("150405.000000"), ".", "-")
	thief := w.client(ser, id, w.register(ser, id))
	must(w.t, thief.book(trip.Abort, 20, w.stop(evse("SER", 1), k+1)), trip.Confirmed)
	asks := d.book(trip.Ask, 20, w.stop(evse("MAR", 1), k), w.stop(evse("SER", 1), k+1), w.stop(evse("CAJ", 1), k+2))
	must(w.t, asks, trip.AwaitingDecision)
	return asks
}

// by names another EVSE of SER for the stop that is taken.
func (w *world) by(n, k int) map[string]any {
	s := w.stop(evse("SER", n), k+1)
	return map[string]any{"action": "continue", "stop": map[string]any{"leg": 2, "evse_id": s.EVSE, "start": s.Start, "end": s.End}}
}

// A trip that began at one server is read, waited for, decided, swapped and
// canceled at another; nobody is told to ask again.
func TestATripIsAtHomeAtEveryServer(t *testing.T) {
	newWorld(t, map[string]int{"MAR": 2}).atHome()
}

func (w *world) atHome() {
	t := w.t
	mar := w.companies["MAR"].live()
	pass := w.register(mar[0], "BR-MAR-EV-1")
	first, second := w.client(mar[0], "BR-MAR-EV-1", pass), w.client(mar[1], "BR-MAR-EV-1", pass)

	asks := w.asks(first, 0)
	path := "/api/v1/trips/" + string(asks.ID)
	must(t, second.settled(string(asks.ID), 5), trip.AwaitingDecision)
	if status, p := second.send("POST", path+"/decision", map[string]any{"action": "wait"}, nil); status != http.StatusConflict || p.Code != "SLOT_TAKEN" {
		t.Errorf("a choice that is refused: %d %+v", status, p)
	}
	var got trip.Trip
	began := time.Now()
	if status, p := second.with("Prefer", "wait=20").send("POST", path+"/decision", w.by(2, 0), &got); status != http.StatusOK {
		t.Fatalf("decision at the other server: %d %+v", status, p)
	}
	must(t, got, trip.Confirmed)
	t.Logf("decided and booked through the other server in %s", time.Since(began))
	s := w.stop(evse("CAJ", 2), 2)
	if status, p := second.send("POST", path+"/swap", map[string]any{"stop": map[string]any{
		"leg": 3, "evse_id": s.EVSE, "start": s.Start, "end": s.End,
	}}, &got); status != http.StatusOK || string(got.Legs[2].EVSEID) != s.EVSE {
		t.Fatalf("swap: %d %+v", status, p)
	}
	w.mustHold(first.settled(string(asks.ID), 0))

	asks = w.asks(first, 10)
	if status, p := second.send("DELETE", "/api/v1/trips/"+string(asks.ID), nil, &got); status != http.StatusOK {
		t.Fatalf("cancel at the other server: %d %+v", status, p)
	}
	must(t, got, trip.Aborted)
	w.mustHold(got)

	asks = w.asks(first, 20)
	if status, p := second.send("POST", "/api/v1/trips/"+string(asks.ID)+"/decision", map[string]any{"action": "give_up"}, &got); status != http.StatusOK {
		t.Fatalf("giving up at the other server: %d %+v", status, p)
	}
	must(t, second.settled(string(asks.ID), 20), trip.Aborted)
}

// What a driver was given by one server is good at another: plan, idempotency
// key, vehicle's secret, session; what happens at one is seen at the other.
func TestServersShareWhatDriversKnow(t *testing.T) {
	w := newWorld(t, map[string]int{"MAR": 2})
	mar := w.companies["MAR"].servers
	pass := w.register(mar[0], "BR-MAR-EV-1")
	first, second := w.client(mar[0], "BR-MAR-EV-1", pass), w.client(mar[1], "BR-MAR-EV-1", pass)
	events := second.listen()
	retained := w.car(mar[1], "BR-MAR-EV-1", pass)

	var plans struct {
		Plans []trip.Plan `json:"plans"`
	}
	if status, p := first.send("POST", "/api/v1/plans", map[string]any{
		"origin": map[string]string{"city": "João Pessoa, PB"}, "destination": map[string]string{"city": "Feira de Santana, BA"},
		"vehicle": map[string]string{"model": "byd-dolphin"}, "departure": w.base.Format(time.RFC3339),
	}, &plans); status != http.StatusOK || len(plans.Plans) == 0 {
		t.Fatalf("plan: %d %+v", status, p)
	}
	body := map[string]any{"vehicle_id": "BR-MAR-EV-1", "plan_id": plans.Plans[0].ID, "on_conflict": "abort"}
	var made, again trip.Trip
	if status, p := second.with("Idempotency-Key", "one").with("Prefer", "wait=20").send("POST", "/api/v1/trips", body, &made); status != http.StatusCreated {
		t.Fatalf("a plan of the other server: %d %+v", status, p)
	}
	must(t, made, trip.Confirmed)
	if status, p := first.with("Idempotency-Key", "one").send("POST", "/api/v1/trips", body, &again); status != http.StatusCreated || again.ID != made.ID {
		t.Errorf("the same key at the other server: %d %+v, trip %s for %s", status, p, again.ID, made.ID)
	}
	must(t, again, trip.Confirmed)

	// One more, at the first server: the second's stream and broker tell of it.
	far := first.book(trip.Abort, 20, w.stop(evse("MAR", 3), 30), w.stop(evse("CAJ", 3), 33))
	must(t, far, trip.Confirmed)
	want := string(far.ID) + " " + string(trip.Confirmed)
	within(t, events, want, "on the event stream of the other server")
	within(t, retained, want, "at the broker of the other server")
}

func within(t *testing.T, lines <-chan string, want, where string) {
	t.Helper()
	var seen []string
	for limit := time.After(10 * time.Second); ; {
		select {
		case got := <-lines:
			if got == want {
				return
			}
			seen = append(seen, got)
		case <-limit:
			t.Errorf("%q is not seen %s; only %v", want, where, seen)
			return
		}
	}
}

// listen reads a server's event stream: the id and state of each trip.
func (d driver) listen() <-chan string {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	d.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", d.base+"/api/v1/events", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	req.SetBasicAuth(d.user, d.pass)
	resp, err := behind.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		d.t.Fatalf("events: %v %v", resp, err)
	}
	lines := make(chan string, 1000)
	go func() {
		defer resp.Body.Close()
		for in := bufio.NewScanner(resp.Body); in.Scan(); {
			var e trip.Event
			if data, ok := strings.CutPrefix(in.Text(), "data: "); ok && json.Unmarshal([]byte(data), &e) == nil && e.Type == trip.EventTrip {
				told(lines, e.Data)
			}
		}
	}()
	return lines
}

func told(lines chan<- string, raw []byte) {
	var t trip.Trip
	if json.Unmarshal(raw, &t) == nil {
		lines <- string(t.ID) + " " + string(t.State)
	}
}

// car connects a vehicle to a server's broker and reads its trips.
func (w *world) car(s *server, id, pass string) <-chan string {
	w.t.Helper()
	lines := make(chan string, 1000)
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + s.MQTT).SetClientID(id).SetUsername(id).SetPassword(pass))
	if token := c.Connect(); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		w.t.Fatalf("MQTT at %s: %v", s.MQTT, token.Error())
	}
	w.t.Cleanup(func() { c.Disconnect(0) })
	token := c.Subscribe("ev/"+id+"/trips/#", 1, func(_ paho.Client, m paho.Message) { told(lines, m.Payload()) })
	if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		w.t.Fatalf("subscribe: %v", token.Error())
	}
	return lines
}
