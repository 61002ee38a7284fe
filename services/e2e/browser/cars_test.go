package browser

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
	drivers "github.com/eletrovia/eletrovia/simulator/fleet"
)

// cars report by MQTT to a company's broker, as cars on the road do.
type cars struct {
	broker func() string
	mu     sync.Mutex
	links  []drivers.Link
	halt   []chan struct{}
}

// report has a vehicle say where it is, once a second, until close.
func (c *cars) report(w http.ResponseWriter, r *http.Request) {
	var at struct {
		Secret        string
		Lat, Lon, SoC float64
	}
	if err := json.NewDecoder(r.Body).Decode(&at); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	id := drivers.Identity{VehicleID: charging.VehicleID(r.PathValue("vehicle")), Secret: at.Secret}
	link, err := drivers.DialMQTT(drivers.Server{MQTT: "tcp://" + c.broker()}, id)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	halt := make(chan struct{})
	c.mu.Lock()
	c.links, c.halt = append(c.links, link), append(c.halt, halt)
	c.mu.Unlock()
	go func() {
		for tick := time.NewTicker(time.Second); ; {
			link.Telemetry(carlink.Telemetry{At: time.Now().UTC(), Lat: at.Lat, Lon: at.Lon, SoC: at.SoC, SpeedKMH: 80, PowerKW: 15, Discharge: carlink.Normal})
			select {
			case <-halt:
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	}()
}

func (c *cars) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, link := range c.links {
		close(c.halt[i])
		link.Close()
	}
}
