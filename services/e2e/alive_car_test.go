package e2e

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
	"github.com/eletrovia/eletrovia/pkg/trip"
	models "github.com/eletrovia/eletrovia/pkg/vehicle"
	"github.com/eletrovia/eletrovia/services/company/app"
)

// aliveSpeed is how much faster than real time the civil clock runs: an hour on
// the road takes ten seconds.
const aliveSpeed = 360

// alive boots a federation whose civil clock runs fast.
func alive(t *testing.T) (*federation, app.Clock) {
	t.Helper()
	clock := app.Clock{Epoch: time.Now(), Speed: aliveSpeed}
	return start(t, func(o *app.Options) { o.Clock = clock }), clock
}

// car is a vehicle on the road, over MQTT.
type car struct {
	t       *testing.T
	f       *federation
	company charging.CompanyID
	id      charging.VehicleID
	clock   app.Clock
	client  paho.Client
	alerts  chan carlink.Alert
	replies chan paho.Message
	asked   int

	v     models.Vehicle
	here  geo.Point
	soc   float64
	use   float64 // as a multiple of the model's consumption
	pace  float64 // driving time, likewise
	mute  bool    // in a dead zone
	power float64
}

// lastCar gives each car of the tests a vehicle of its own.
var lastCar atomic.Int32

func newCar(t *testing.T, f *federation, clock app.Clock, company charging.CompanyID) *car {
	t.Helper()
	v, _ := models.ByID("byd-dolphin")
	c := &car{
		t: t, f: f, company: company, id: vehicle(20 + int(lastCar.Add(1))), clock: clock, v: v, use: 1, pace: 1,
		alerts: make(chan carlink.Alert, 64), replies: make(chan paho.Message, 64),
	}
	c.client = paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + f.apps[company].MQTTAddr()).
		SetClientID(string(c.id)).SetUsername(string(c.id)).SetPassword(secret).SetProtocolVersion(4))
	done := func(token paho.Token) {
		t.Helper()
		if !token.WaitTimeout(20*time.Second) || token.Error() != nil {
			t.Fatalf("%s: %v", c.id, token.Error())
		}
	}
	done(c.client.Connect())
	t.Cleanup(func() { c.client.Disconnect(0) })
	done(c.client.Subscribe(carlink.AlertsTopic(c.id), 1, func(_ paho.Client, m paho.Message) {
		var a carlink.Alert
		if json.Unmarshal(m.Payload(), &a) == nil {
			c.alerts <- a
		}
	}))
	done(c.client.Subscribe("ev/"+string(c.id)+"/reply/+", 1, func(_ paho.Client, m paho.Message) { c.replies <- m }))
	return c
}

// request asks over MQTT and gives status and body.
func (c *car) request(action carlink.Action, body map[string]any) (int, json.RawMessage) {
	c.t.Helper()
	c.asked++
	id := string(action) + "-" + strconv.Itoa(c.asked)
	body["request_id"] = id
	raw, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	c.client.Publish(carlink.RequestTopic(c.id, action), 1, false, raw)
	limit := time.After(30 * time.Second)
	for {
		select {
		case m := <-c.replies:
			if !strings.HasSuffix(m.Topic(), "/"+id) {
				continue
			}
			var r carlink.Reply
			if err := json.Unmarshal(m.Payload(), &r); err != nil {
				c.t.Fatal(err)
			}
			return r.Status, r.Body
		case <-limit:
			c.t.Fatalf("no reply to %s", id)
		}
	}
}

// planning is one car's at a time, so that nobody books what another has just
// been offered.
var planning sync.Mutex

// travel plans and books a journey, and waits for its departure.
func (c *car) travel(from, to string, soc float64, policy trip.Policy) trip.Trip {
	c.t.Helper()
	place, err := road.Default().Place(from)
	if err != nil {
		c.t.Fatal(err)
	}
	c.here, c.soc = place.Point, soc
	planning.Lock()
	unlock := sync.OnceFunc(planning.Unlock)
	defer unlock()
	departure := c.clock.Now().UTC().Truncate(time.Second).Add(20 * time.Minute)
	status, body := c.request(carlink.ActionPlan, map[string]any{
		"departure": departure,
		"origin":    map[string]string{"city": from}, "destination": map[string]string{"city": to},
		"vehicle": map[string]string{"model": c.v.ID}, "soc": soc,
	})
	var plans struct {
		Plans []trip.Plan `json:"plans"`
	}
	if err := json.Unmarshal(body, &plans); status != http.StatusOK || err != nil || len(plans.Plans) == 0 {
		c.t.Fatalf("plan: %d %s", status, body)
	}
	status, body = c.request(carlink.ActionTrip, map[string]any{"vehicle_id": c.id, "plan_id": plans.Plans[0].ID, "on_conflict": policy})
	var t trip.Trip
	if err := json.Unmarshal(body, &t); err != nil || status != http.StatusCreated || t.State != trip.Confirmed {
		c.t.Fatalf("trip: %d %s", status, body)
	}
	unlock()
	c.wait(departure.Sub(c.clock.Now()), nil)
	return t
}

// now is the trip as REST shows it.
func (c *car) trip(id charging.TripID) trip.Trip {
	c.t.Helper()
	var t trip.Trip
	c.f.as(c.id).at(c.company).get("/api/v1/trips/"+string(id), &t)
	return t
}

// site is where an EVSE stands.
func (c *car) site(evse charging.EVSEID) geo.Point {
	c.t.Helper()
	var all []struct {
		Lat   float64 `json:"lat"`
		Lon   float64 `json:"lon"`
		EVSEs []struct {
			ID charging.EVSEID `json:"evse_id"`
		} `json:"evses"`
	}
	c.f.as("").at(c.company).get("/api/v1/locations?limit=500", &all)
	for _, l := range all {
		for _, e := range l.EVSEs {
			if e.ID == evse {
				return geo.Point{Lat: l.Lat, Lon: l.Lon}
			}
		}
	}
	c.t.Fatalf("no site has %s", evse)
	return geo.Point{}
}

// tell reports where the car is.
func (c *car) tell() {
	if c.mute {
		return
	}
	raw, _ := json.Marshal(carlink.Telemetry{
		At: c.clock.Now(), Lat: c.here.Lat, Lon: c.here.Lon, SoC: math.Min(math.Max(c.soc, 0), 1), SpeedKMH: 70, PowerKW: c.power, Discharge: carlink.Normal,
	})
	c.client.Publish(carlink.TelemetryTopic(c.id), 0, false, raw)
}

// drive drives to a point by the clock, reporting all the way, until it is
// there or enough says so. It gives the kilometres that are left.
func (c *car) drive(to geo.Point, enough func(left float64) bool) float64 {
	c.t.Helper()
	route, err := road.Default().Route(c.here, to)
	if err != nil {
		c.t.Fatal(err)
	}
	began, from := c.clock.Now(), c.soc
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		km := math.Min(c.clock.Now().Sub(began).Hours()*route.Kmh()/c.pace, route.Km)
		c.here = along(route, km)
		c.soc = from - c.use*c.v.SoCFor(km, route.Kmh())
		c.tell()
		if left := route.Km - km; left == 0 || enough != nil && enough(left) {
			return left
		}
		<-tick.C
	}
}

// wait stands where it is for so long in civil time, reporting.
func (c *car) wait(d time.Duration, enough func() bool) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := c.clock.Now().Add(d); c.clock.Now().Before(end) && (enough == nil || !enough()); <-tick.C {
		c.tell()
	}
}

// along is the point of a route after so many km.
func along(r road.Route, km float64) geo.Point {
	length := 0.0
	for i := 1; i < len(r.Points); i++ {
		length += geo.Distance(r.Points[i-1], r.Points[i])
	}
	left := km / r.Km * length
	for i := 1; i < len(r.Points); i++ {
		piece := geo.Distance(r.Points[i-1], r.Points[i])
		if left <= piece && piece > 0 {
			return geo.Between(r.Points[i-1], r.Points[i], left/piece)
		}
		left -= piece
	}
	return r.Points[len(r.Points)-1]
}

// alerted gives an alert with a proposal that has come, if one has.
func (c *car) alerted() (carlink.Alert, bool) {
	for {
		select {
		case a := <-c.alerts:
			if len(a.Proposal) > 0 {
				return a, true
			}
		default:
			return carlink.Alert{}, false
		}
	}
}

// whole checks that every stop that is not over is RESERVED, here and at its
// company, in order.
func (c *car) whole(t trip.Trip) {
	c.t.Helper()
	if t.State != trip.Confirmed {
		c.t.Fatalf("the trip is %s: %+v", t.State, t.Problem)
	}
	for k, l := range t.Legs {
		if l.State == charging.Fulfilled {
			continue
		}
		if l.State != charging.Reserved || k > 0 && l.Start.Before(t.Legs[k-1].End) && t.Legs[k-1].State == charging.Reserved {
			c.t.Errorf("leg %d is %s from %s to %s", l.Leg, l.State, l.Start, l.End)
		}
	}
}

// charge waits for the stop's window, plugs in, stays until its end less a bit,
// and leaves with what it has charged.
func (c *car) charge(id charging.TripID, k int) charging.Session {
	c.t.Helper()
	l := c.trip(id).Legs[k]
	c.wait(l.Start.Sub(c.clock.Now()), nil)
	if status, body := c.request(carlink.ActionPlug, map[string]any{"evse_id": l.EVSEID, "soc": math.Max(c.soc, 0)}); status != http.StatusOK {
		c.t.Fatalf("plug at %s: %d %s", l.EVSEID, status, body)
	}
	from := math.Max(c.soc, 0)
	c.power = -40
	c.wait(l.End.Sub(c.clock.Now())-5*time.Minute, func() bool { c.soc = math.Min(c.soc+0.005, 0.95); return false })
	c.power = 0
	status, body := c.request(carlink.ActionUnplug, map[string]any{"evse_id": l.EVSEID, "soc": c.soc})
	var r struct {
		Session charging.Session `json:"session"`
	}
	if err := json.Unmarshal(body, &r); err != nil || status != http.StatusOK || r.Session.Price == nil {
		c.t.Fatalf("unplug at %s: %d %s", l.EVSEID, status, body)
	}
	if r.Session.StartSoC != from {
		c.t.Errorf("the session began with %.2f, not %.2f", r.Session.StartSoC, from)
	}
	return r.Session
}
