package e2e

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// needs finds a program of the machine. Where it is missing the test is left
// out, which the test command says at its end and CI does not accept.
func needs(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not on this machine", program)
	}
	t.Skipf("left out: %s is not on this machine", program)
	return ""
}

// mosquitto starts a subscriber for one car and gives its lines: topic, space,
// payload.
func (f *federation) mosquitto(id charging.CompanyID, car charging.VehicleID) (<-chan string, func(topic string, payload any)) {
	f.t.Helper()
	sub, pub := needs(f.t, "mosquitto_sub"), needs(f.t, "mosquitto_pub")
	host, port, err := net.SplitHostPort(f.apps[id].MQTTAddr())
	if err != nil {
		f.t.Fatal(err)
	}
	login := []string{"-h", host, "-p", port, "-u", string(car), "-P", secret, "-q", "1"}
	cmd := exec.Command(sub, append(login, "-t", "ev/"+string(car)+"/#", "-F", "%t %p")...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := make(chan string, 1000)
	go func() {
		scan := bufio.NewScanner(out)
		scan.Buffer(nil, 1<<20)
		for scan.Scan() {
			lines <- scan.Text()
		}
	}()
	return lines, func(topic string, payload any) {
		f.t.Helper()
		raw, err := json.Marshal(payload)
		if err != nil {
			f.t.Fatal(err)
		}
		if out, err := exec.Command(pub, append(login, "-t", topic, "-m", string(raw))...).CombinedOutput(); err != nil {
			f.t.Fatalf("mosquitto_pub: %v: %s", err, out)
		}
	}
}

// ask publishes a request until its reply is heard: mosquitto_sub may not have
// subscribed yet, and a repeated request gets the first answer again.
func ask(t *testing.T, lines <-chan string, publish func(string, any), car charging.VehicleID, kind, id string, body any, into any) {
	t.Helper()
	reply := "ev/" + string(car) + "/reply/" + id
	for range 10 {
		publish("ev/"+string(car)+"/request/"+kind, body)
		limit := time.After(2 * time.Second)
		for heard := true; heard; {
			select {
			case l := <-lines:
				if topic, payload, _ := strings.Cut(l, " "); topic == reply {
					if err := json.Unmarshal([]byte(payload), into); err != nil {
						t.Fatalf("%s: %v", payload, err)
					}
					return
				}
			case <-limit:
				heard = false
			}
		}
	}
	t.Fatalf("no reply on %s", reply)
}

// line waits for one whose topic begins with prefix and returns its payload.
func line(t *testing.T, lines <-chan string, prefix string) string {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case l := <-lines:
			if topic, payload, _ := strings.Cut(l, " "); strings.HasPrefix(topic, prefix) {
				return payload
			}
		case <-limit:
			t.Fatalf("nothing on %s…", prefix)
		}
	}
}

// TestTripOverMQTT books with mosquitto_pub and sees the reply and the retained
// trip with mosquitto_sub, at each company's broker.
func TestTripOverMQTT(t *testing.T) {
	f := start(t)
	for i, id := range companies {
		car := vehicle(1 + i)
		lines, publish := f.mosquitto(id, car)
		body := map[string]any{
			"request_id": "r-1", "vehicle_id": car, "on_conflict": "abort",
			"stops": []stopAt{stop(evseM, 8*i), stop(evseS, 8*i+2), stop(evseC, 8*i+4)},
		}
		var reply struct {
			Status int       `json:"status"`
			Body   trip.Trip `json:"body"`
		}
		ask(t, lines, publish, car, "trip", "r-1", body, &reply)
		if reply.Status != http.StatusCreated || reply.Body.State != trip.Confirmed || len(reply.Body.Legs) != 3 {
			t.Fatalf("%s: %d %+v", id, reply.Status, reply.Body)
		}
		// Whoever subscribes later sees the retained trip.
		later, _ := f.mosquitto(id, car)
		var kept trip.Trip
		if err := json.Unmarshal([]byte(line(t, later, "ev/"+string(car)+"/trips/")), &kept); err != nil || kept.ID != reply.Body.ID {
			t.Fatalf("retained: %v %+v", err, kept)
		}
		// A repeated request gets the first answer again.
		var again struct {
			Body trip.Trip `json:"body"`
		}
		if ask(t, lines, publish, car, "trip", "r-1", body, &again); again.Body.ID != reply.Body.ID {
			t.Fatalf("repeat: %s and %s", reply.Body.ID, again.Body.ID)
		}
		// The windows are refused to others.
		other, _ := f.as(vehicle(20)).at(companies[(i+2)%3]).book(trip.Abort, stop(evseS, 8*i+2))
		if other.State != trip.Aborted || other.Problem.Code != charging.CodeSlotTaken {
			t.Fatalf("%s %+v", other.State, other.Problem)
		}
		ask(t, lines, publish, car, "cancel", "r-2", map[string]any{"request_id": "r-2", "trip_id": reply.Body.ID}, &reply)
		if reply.Body.State != trip.Canceled {
			t.Fatalf("cancel: %d %s", reply.Status, reply.Body.State)
		}
	}
	f.nothingHeld()
}

// TestDecisionOverMQTT: a car learns that a stop is taken, takes what it is
// offered, and another one gives up.
func TestDecisionOverMQTT(t *testing.T) {
	f := start(t)
	if got, _ := f.as(vehicle(9)).at("CAJ").book(trip.Abort, stop(evseC, 4)); got.State != trip.Confirmed {
		t.Fatalf("%s %+v", got.State, got.Problem)
	}
	type answer struct {
		Status int       `json:"status"`
		Body   trip.Trip `json:"body"`
	}
	for car, choice := range map[charging.VehicleID]struct {
		action string
		end    trip.State
	}{vehicle(1): {"continue", trip.Confirmed}, vehicle(2): {"give_up", trip.Aborted}} {
		lines, publish := f.mosquitto("MAR", car)
		var asks, done answer
		ask(t, lines, publish, car, "trip", "t", map[string]any{
			"request_id": "t", "vehicle_id": car, "on_conflict": "ask", "stops": []stopAt{stop(evseM, 0), stop(evseC, 4)},
		}, &asks)
		d := asks.Body.Decision
		if asks.Body.State != trip.AwaitingDecision || d == nil || len(d.Alternatives) == 0 {
			t.Fatalf("%s: %s %+v", car, asks.Body.State, d)
		}
		body := map[string]any{"request_id": "d", "trip_id": asks.Body.ID, "action": choice.action}
		if choice.action == "continue" {
			body["alternative_id"] = d.Alternatives[0].ID
		}
		if ask(t, lines, publish, car, "decision", "d", body, &done); done.Status != http.StatusOK {
			t.Fatalf("%s: decision: %d", car, done.Status)
		}
		if got := f.as(car).at("MAR").settled(asks.Body.ID, 10*time.Second); got.State != choice.end {
			t.Fatalf("%s: %s %+v, want %s", car, got.State, got.Problem, choice.end)
		}
		if choice.end == trip.Confirmed { // make room for the other car
			if resp, p := f.as(car).at("MAR").send(http.MethodDelete, "/api/v1/trips/"+string(asks.Body.ID), nil, nil); resp.StatusCode != http.StatusOK {
				t.Fatalf("cancel: %d %+v", resp.StatusCode, p)
			}
		}
	}
	f.onlyConfirmedHeld()
}
