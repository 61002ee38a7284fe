package aftermath

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"
)

// plugs sends the wish to plug in and waits until the EVSE's company knows of
// the car, not for the answer.
func (c *car) plugs(l legView, origin string) {
	c.f.t.Helper()
	raw, err := json.Marshal(object{"request_id": "plugs", "evse_id": l.EVSE, "soc": 0.2})
	if err != nil {
		c.f.t.Fatal(err)
	}
	c.done(c.client.Publish("ev/"+c.id+"/request/plug", 1, false, raw))
	c.f.within(time.Second, func() bool { return c.f.stateAt(origin, l).Session != nil })
}

// TestACarPlugsInDuringAChange: what a change rests on is looked at again when
// it is made. Whichever of the two comes first, a car whose plug was answered
// with 200 charges where it is, and is billed.
func TestACarPlugsInDuringAChange(t *testing.T) {
	stays := func(f *federation, d driver, car *car, booked tripView) {
		f.t.Helper()
		was := booked.Legs[0]
		f.until(15*time.Second, "the plug is answered", func() bool { return len(car.on("reply/plugs")) > 0 })
		var reply struct {
			Status int `json:"status"`
		}
		if err := json.Unmarshal(car.on("reply/plugs")[0].body, &reply); err != nil || reply.Status != http.StatusOK {
			// The change was first.
			if s := f.stateAt("MAR", was); s.Session != nil && s.State != "FULFILLED" {
				f.t.Errorf("the plug was refused, and its session is open: %+v", s)
			}
			return
		}
		if l := d.trip(booked.ID).Legs[0]; l.State != "CHARGING" || l.EVSE != was.EVSE {
			f.t.Errorf("the stop of the car at the plug is %s at %s, not at %s", l.State, l.EVSE, was.EVSE)
		}
		car.billed(was.EVSE, 0.1)
	}
	t.Run("a swap", func(t *testing.T) {
		f := start(t)
		d := f.driver(vehicle(1), "MAR")
		car := f.car(d.user, "MAR")
		booked := d.book(stop{EVSE: "BR*CAJ*E0001*1", Start: f.in(2 * time.Minute), End: f.in(40 * time.Minute)})
		arrived, release := f.links["SER"].hold("/reserve")
		defer release()
		var swap sync.WaitGroup
		swap.Go(func() {
			d.swap(booked.ID, object{"stop": stop{Leg: 1, EVSE: "BR*SER*E0001*1", Start: f.in(30 * time.Minute), End: f.in(60 * time.Minute)}})
		})
		<-arrived
		car.plugs(booked.Legs[0], "MAR")
		release()
		swap.Wait()
		stays(f, d, car, booked)
	})
	t.Run("a replan", func(t *testing.T) {
		f := startAt(t, 30)
		d := f.driver(vehicle(1), "MAR")
		car := f.car(d.user, "MAR")
		booked := d.booked(d.asks("replan", object{"plan_id": d.plan(0.15, f.in(time.Minute))}))
		f.pass(booked.Legs[0].Start.Add(-9 * time.Minute))
		var arrived [2]<-chan struct{}
		var release [2]func()
		for i, id := range companies[1:] {
			arrived[i], release[i] = f.links[id].hold("/reserve")
			defer release[i]()
		}
		here := func() bool { // at Recife, with too little to come back
			raw, _ := json.Marshal(object{"at": f.clock.Now().UTC(), "lat": -8.05, "lon": -34.9, "soc": 0.13, "speed_kmh": 0, "power_kw": 0, "discharge": "normal"})
			car.done(car.client.Publish("ev/"+car.id+"/telemetry", 1, false, raw))
			select {
			case <-arrived[0]:
			case <-arrived[1]:
			default:
				return false
			}
			return true
		}
		f.until(10*time.Second, "the server changes the stop", here)
		car.plugs(booked.Legs[0], "MAR")
		release[0]()
		release[1]()
		stays(f, d, car, booked)
	})
}

// plan plans from João Pessoa with chargers of SER and CAJ, and gives the best
// one's id.
func (d driver) plan(soc float64, departure time.Time) string {
	d.f.t.Helper()
	a := d.send(http.MethodPost, "/api/v1/plans", object{
		"origin": object{"city": "João Pessoa, PB"}, "destination": object{"city": "Feira de Santana, BA"},
		"vehicle": object{"model": "byd-dolphin"}, "soc": soc, "departure": departure, "avoid": object{"companies": []string{"MAR"}},
	})
	found := as[struct {
		Plans []struct {
			ID string `json:"plan_id"`
		} `json:"plans"`
	}](a)
	if len(found.Plans) == 0 {
		d.f.t.Fatalf("plan: %s", a)
	}
	return found.Plans[0].ID
}
