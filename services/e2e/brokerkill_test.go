package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/api/apitest"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/e2e/program"
	"github.com/eletrovia/eletrovia/simulator/fleet"
)

// serverVariable makes the test's binary a company's server, to be killed.
const serverVariable = "E2E_SERVER"

// serverSpec is what such a server is told.
type serverSpec struct {
	HTTP, MQTT, Redis, Data string
	Vehicles                int
}

func TestMain(m *testing.M) {
	if raw := os.Getenv(serverVariable); raw != "" {
		if err := beServer(raw); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(program.Main(m))
}

// beServer runs MAR until its standard input ends, or it is killed.
func beServer(raw string) error {
	var s serverSpec
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		return err
	}
	a, err := app.New(app.Options{
		Company: "MAR", HTTPAddr: s.HTTP, MQTTAddr: s.MQTT, Store: app.Store{URL: s.Redis}, DataDir: s.Data,
		Vehicles: vehicles(s.Vehicles), OperatorSecret: secret, Log: zerolog.Nop(), RateLimit: -1, Registrations: 5000,
	})
	if err != nil {
		return err
	}
	if err := a.Start(context.Background()); err != nil {
		return err
	}
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return a.Stop(ctx)
}

// boot starts the server's process and returns when it is ready; kill ends it
// with SIGKILL.
func (s serverSpec) boot(t *testing.T) (kill func()) {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serverVariable+"="+string(raw))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe() // held open: the server ends with this process
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	kill = func() {
		once.Do(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			_ = in.Close()
		})
	}
	t.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the server does not start: %q %v", line, err)
	}
	return kill
}

// freeAddress is one that nobody listens on now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// lastingStore is a redis-server that is not killed with the server.
func lastingStore(t *testing.T) string {
	t.Helper()
	_, port, _ := net.SplitHostPort(freeAddress(t))
	cmd := exec.Command(needs(t, "redis-server"), "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes",
		"--maxmemory-policy", "noeviction", "--dir", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for end := time.Now().Add(10 * time.Second); ; {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = c.Close()
			return "redis://127.0.0.1:" + port
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// witness notes all replies that come over the wire for one car.
type witness struct {
	mu      sync.Mutex
	replies map[string][]string // payloads by request
}

func watch(t *testing.T, address string, car charging.VehicleID) *witness {
	t.Helper()
	w := &witness{replies: map[string][]string{}}
	o := paho.NewClientOptions().AddBroker(address).SetClientID("witness").SetUsername(string(car)).SetPassword(secret).
		SetProtocolVersion(4).SetCleanSession(false).SetAutoReconnect(true).SetMaxReconnectInterval(500 * time.Millisecond).
		SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.replies[m.Topic()] = append(w.replies[m.Topic()], string(m.Payload()))
		})
	c := paho.NewClient(o)
	if token := c.Connect(); !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatalf("the witness of %s: %v", car, token.Error())
	}
	t.Cleanup(func() { c.Disconnect(0) })
	if token := c.Subscribe("ev/"+string(car)+"/reply/+", 1, nil); !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatalf("the witness of %s: %v", car, token.Error())
	}
	return w
}

// TestBrokerKilled: the broker and its server are killed while hundreds of cars
// (1,000 with ELETROVIA_LONG=1) wait for their bookings, and started again on the
// same store and the same data. The cars come back by themselves; each gets one
// answer to its one request, and has one trip; whatever comes twice over the
// wire is the same answer.
func TestBrokerKilled(t *testing.T) {
	cars, kills := 150, 1
	if program.Long() {
		cars, kills = 1000, 3
	}
	spec := serverSpec{
		HTTP: freeAddress(t), MQTT: freeAddress(t), Redis: lastingStore(t), Data: filepath.Join(t.TempDir(), "data"), Vehicles: cars,
	}
	kill := spec.boot(t)
	address := "tcp://" + spec.MQTT

	links := make([]fleet.Link, cars)
	for i := range cars {
		link, err := fleet.DialMQTT(fleet.Server{MQTT: address}, fleet.Identity{VehicleID: vehicle(i + 1), Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(link.Close)
		links[i] = link
	}
	var witnesses []*witness
	for i := range 10 {
		witnesses = append(witnesses, watch(t, address, vehicle(i*cars/10+1)))
	}

	evses := ownEVSEs(t, "http://"+spec.HTTP)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var answered atomic.Int64
	answers, failed := make([][]carlink.Reply, cars), make([]error, cars)
	var all sync.WaitGroup
	for i, link := range links {
		all.Go(func() {
			evse, k := evses[i%len(evses)], i/len(evses)
			r, err := link.Request(ctx, carlink.ActionTrip, "", map[string]any{
				"vehicle_id": vehicle(i + 1), "on_conflict": "abort", "stops": []stopAt{stop(evse, 2*k)},
			})
			if failed[i] = err; err == nil {
				answers[i] = append(answers[i], r)
				answered.Add(1)
			}
		})
	}
	before := int64(0)
	for n := range kills {
		// In the middle: some have their answers since the last time, most have not.
		most := before + int64(cars)/int64(4*(n+1))
		for end := time.Now().Add(time.Minute); answered.Load() < most && time.Now().Before(end); {
			<-time.After(time.Millisecond)
		}
		kill()
		before = answered.Load()
		t.Logf("killed when %d of %d cars had their answers", before, cars)
		kill = spec.boot(t)
	}
	all.Wait()

	trips := tripsByVehicle(t, "http://"+spec.HTTP)
	lost, confirmed := 0, 0
	for i := range cars {
		if failed[i] != nil || len(answers[i]) != 1 {
			t.Fatalf("%s has %d answers: %v", vehicle(i+1), len(answers[i]), failed[i])
		}
		var got trip.Trip
		if err := json.Unmarshal(answers[i][0].Body, &got); err != nil || answers[i][0].Status != http.StatusCreated {
			t.Fatalf("%s was answered %d %s: %v", vehicle(i+1), answers[i][0].Status, answers[i][0].Body, err)
		}
		own := trips[vehicle(i+1)]
		if len(own) != 1 || own[0].ID != got.ID || own[0].State != got.State || !got.State.Settled() {
			t.Errorf("%s was told of %s %s, and has %d trips: %+v", vehicle(i+1), got.ID, got.State, len(own), own)
		}
		if got.State == trip.Confirmed { // a hold that lapsed while the server was down aborts its trip
			confirmed++
		}
		if links[i].Lost() > 0 {
			lost++
		}
	}
	if lost < cars*9/10 {
		t.Errorf("only %d of %d cars lost their connection: the kill came too late", lost, cars)
	}
	if confirmed < cars/2 {
		t.Errorf("only %d of %d trips were confirmed", confirmed, cars)
	}
	more := 0
	for _, w := range witnesses {
		w.mu.Lock()
		for topic, payloads := range w.replies {
			for _, p := range payloads[1:] {
				more++
				if p != payloads[0] && !strings.Contains(p, `"status":429`) && !strings.Contains(payloads[0], `"status":429`) {
					t.Errorf("%s came again with another answer:\n%s\n%s", topic, payloads[0], p)
				}
			}
		}
		w.mu.Unlock()
	}
	t.Logf("%d cars, %d of them cut off, %d trips confirmed; %d answers came again over the wire at 10 of them", cars, lost, confirmed, more)
}

// ownEVSEs are those of the server's own company.
func ownEVSEs(t *testing.T, url string) []charging.EVSEID {
	t.Helper()
	var locations []struct {
		EVSEs []struct {
			ID charging.EVSEID `json:"evse_id"`
		} `json:"evses"`
	}
	getJSON(t, url+"/api/v1/locations?limit=500", &locations)
	var out []charging.EVSEID
	for _, l := range locations {
		for _, e := range l.EVSEs {
			if e.ID.Company() == "MAR" {
				out = append(out, e.ID)
			}
		}
	}
	if len(out) == 0 {
		t.Fatal("MAR has no EVSEs")
	}
	return out
}

// tripsByVehicle are all trips of the company, as its operator sees them.
func tripsByVehicle(t *testing.T, url string) map[charging.VehicleID][]trip.Trip {
	t.Helper()
	out := map[charging.VehicleID][]trip.Trip{}
	for offset := 0; ; offset += 500 {
		var page []trip.Trip
		getJSON(t, fmt.Sprintf("%s/api/v1/trips?limit=500&offset=%d", url, offset), &page)
		for _, one := range page {
			out[one.VehicleID] = append(out[one.VehicleID], one)
		}
		if len(page) < 500 {
			return out
		}
	}
}

func getJSON(t *testing.T, url string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("operator", secret)
	resp, err := (&http.Client{Transport: apitest.Watch(t, nil)}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d", url, resp.StatusCode)
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}
