package replicas

import (
	"fmt"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

// judge waits until every trip of every company is settled and what is held is
// exactly the stops of the CONFIRMED ones, each RESERVED at its company. What a
// driver was told to be CONFIRMED must be so, and no request made two trips.
func (w *world) judge(said []trip.Trip) {
	w.t.Helper()
	var all map[string]trip.Trip
	var wrong []string
	for deadline := time.Now().Add(time.Minute); ; <-time.After(100 * time.Millisecond) {
		all = w.trips()
		if wrong = w.wrong(all); len(wrong) == 0 {
			break
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("not as it should be after a minute:\n%s", strings.Join(wrong, "\n"))
		}
	}
	for _, t := range said {
		if now := all[string(t.ID)]; now.State != trip.Confirmed {
			w.t.Errorf("trip %s was answered CONFIRMED and is %q now", t.ID, now.State)
		}
	}
	made := map[string]string{}
	for id, t := range all {
		request := fmt.Sprint(t.VehicleID, t.Legs[0].EVSEID, t.Legs[0].Start.Unix())
		if other, twice := made[request]; twice && strings.HasPrefix(string(t.VehicleID), "BR-MAR-EV-LOAD") {
			w.t.Errorf("one request of %s made two trips: %s and %s", t.VehicleID, other, id)
		}
		made[request] = id
	}
	w.t.Logf("%d trips, %d told CONFIRMED by the load: as they should be", len(all), len(said))
}

// wrong says what is not settled, held and should not be, or should be and is not.
func (w *world) wrong(all map[string]trip.Trip) (wrong []string) {
	due := map[string]string{} // by reservation: its trip
	for id, t := range all {
		if !t.State.Settled() {
			wrong = append(wrong, fmt.Sprintf("trip %s is %s: %+v", id, t.State, t.Saga))
		}
		if t.State != trip.Confirmed {
			continue
		}
		for _, l := range t.Legs {
			due[string(l.ReservationID)] = id + " at " + string(l.CompanyID)
		}
	}
	for _, c := range w.companies {
		held, err := c.store.stand(w.t.Context())
		if err != nil {
			return append(wrong, fmt.Sprintf("the store of %s: %v", c.id, err))
		}
		for id, kind := range held {
			of, booked := due[id]
			if !booked || kind != "R" || !strings.HasSuffix(of, c.id) {
				wrong = append(wrong, fmt.Sprintf("%s holds %s as %s, which is of the CONFIRMED trip %q", c.id, id, kind, of))
			}
			delete(due, id)
		}
	}
	for id, of := range due {
		wrong = append(wrong, fmt.Sprintf("trip %s is CONFIRMED, and %s is not RESERVED", of, id))
	}
	return wrong
}

// trips are all that began at any company.
func (w *world) trips() map[string]trip.Trip {
	w.t.Helper()
	all := map[string]trip.Trip{}
	for _, c := range w.companies {
		d := w.client(c.live()[0], "operator", secret)
		for offset := 0; ; {
			var page []trip.Trip
			d.get(fmt.Sprint("/api/v1/trips?limit=500&offset=", offset), &page)
			for _, t := range page {
				all[string(t.ID)] = t
			}
			if offset += 500; len(page) == 0 { // one that was never written is listed, and not shown: a page may be short
				break
			}
		}
	}
	return all
}
