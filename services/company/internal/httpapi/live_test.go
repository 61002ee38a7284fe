package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/bell"
	"github.com/eletrovia/eletrovia/services/company/internal/frames"
)

// heardOf takes a stream's text apart.
func heardOf(t *testing.T, text string) []trip.Event {
	t.Helper()
	var all []trip.Event
	for block := range strings.SplitSeq(text, "\n\n") {
		_, data, ok := strings.Cut(block, "data: ")
		if !ok {
			continue
		}
		var e trip.Event
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		all = append(all, e)
	}
	return all
}

func kinds(all []trip.Event) string {
	var names []string
	for _, e := range all {
		names = append(names, string(e.Type))
	}
	return strings.Join(names, " ")
}

// run makes frames and overviews until the test ends.
func (w *world) run(ctx context.Context) {
	go w.traffic.Run(ctx)
	go w.board.Run(ctx)
	synctest.Wait()
}

func TestWhatAStreamMayChoose(t *testing.T) {
	w := newWorld(t)
	for query, want := range map[string]string{
		"?types=trip,nothing": "INVALID_FIELD", "?types=": "INVALID_FIELD", "?types=snapshot": "INVALID_FIELD", "?bbox=1,2,3": "INVALID_FIELD",
		"?types=car&bbox=-35,-7,-34,-8": "INVALID_FIELD", "?" + strings.Repeat("bbox=1,1,2,2&", 9): "INVALID_FIELD",
		"?types=overview": "FORBIDDEN", "?types=trip,peer": "FORBIDDEN",
	} {
		if rec := w.ask("GET", "/api/v1/events"+query, asCar, ""); code(rec) != want {
			t.Errorf("%s: %d %s", query, rec.Code, rec.Body)
		}
	}
	if w.events.streams.all != 0 {
		t.Errorf("%d places are taken by streams that were refused", w.events.streams.all)
	}
}

// TestAStreamBeginsWithASnapshot of what it chose and may see, and goes on from there:
// nothing that happens meanwhile is lost. A resumed one gets none, a lost one does.
func TestAStreamBeginsWithASnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := newWorld(t)
		w.run(ctx)
		w.board.Trip(w.front.t)
		w.traffic.Hear(frames.Car{Vehicle: car, At: geo.Point{Lat: -7.1, Lon: -34.9}, SoC: 0.5, SpeedKMH: 80})
		w.traffic.Hear(frames.Car{Vehicle: "EV-0002", At: geo.Point{Lat: -7.1, Lon: -34.9}})
		w.hub.Publish(trip.EventTrip, now, car, tripID, 1)
		time.Sleep(time.Second)
		all, _ := w.listenTo(ctx, "?types=trip,cars,peer,overview,history", asOperator)
		own, _ := w.listenTo(ctx, "?types=trip&types=cars,history", asCar)
		first := heardOf(t, all.taken())
		var snap api.Snapshot
		if len(first) == 0 || first[0].Type != trip.EventSnapshot || first[0].ID != 1 || json.Unmarshal(first[0].Data, &snap) != nil {
			t.Fatalf("the operator's stream begins with %s", kinds(first))
		}
		if strings.Count(string(snap.Cars), "vehicle_id") != 2 || len(snap.Trips) != 1 || *snap.TripsTotal != 1 || len(snap.Peers) != 1 || snap.Overview == nil ||
			snap.Clock.Clock != "real" || snap.Now.IsZero() || snap.Speed != 1 {
			t.Errorf("%+v", snap)
		}
		mine := heardOf(t, own.taken())
		var small api.Snapshot
		if len(mine) != 1 || json.Unmarshal(mine[0].Data, &small) != nil || strings.Contains(string(small.Cars), "EV-0002") ||
			!strings.Contains(string(small.Cars), string(car)) || len(small.Trips) != 1 || small.Peers != nil || small.Overview != nil {
			t.Errorf("a vehicle's: %+v", mine)
		}
		w.hub.Publish(trip.EventCar, now, car, "", 1)
		w.hub.Publish(trip.EventHistory, now, "EV-0002", otherID, []trip.Entry{{Step: "reserve"}})
		w.hub.Publish(trip.EventHistory, now, car, tripID, []trip.Entry{{Step: "confirm"}})
		synctest.Wait()
		if got := kinds(heardOf(t, all.taken())); got != "history history" {
			t.Errorf("the operator hears %s", got)
		}
		if got := heardOf(t, own.taken()); kinds(got) != "history" || !strings.Contains(string(got[0].Data), "confirm") {
			t.Errorf("the vehicle hears %+v", got)
		}
		back, _ := w.listenTo(ctx, "?types=history", asCar, "Last-Event-ID", "1")
		if got := kinds(heardOf(t, back.taken())); got != "now history" {
			t.Errorf("resumed: %s", got)
		}
		lost, _ := w.listenTo(ctx, "?types=history,trip", asCar, "Last-Event-ID", "99")
		if got := kinds(heardOf(t, lost.taken())); got != "reset snapshot" {
			t.Errorf("lost: %s", got)
		}
		w.hub.Publish(trip.EventReset, now, "", "", nil)
		synctest.Wait()
		if got := kinds(heardOf(t, lost.taken())); got != "reset snapshot" {
			t.Errorf("after a reset: %s", got)
		}
		w.Close()
	})
}

// TestFramesAndOverviewsComeByThemselves, and heartbeats tell the time; a stream that
// chose nothing is what it was.
func TestFramesAndOverviewsComeByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := newWorld(t)
		w.run(ctx)
		box, _ := w.listenTo(ctx, "?types=cars,car&bbox=-35,-7.5,-34.5,-7", asOperator)
		figures, _ := w.listenTo(ctx, "?types=overview", asOperator)
		old, _ := w.listen(ctx, asOperator)
		for _, r := range []*reader{box, figures, old} {
			r.taken()
		}
		for n := range 6 {
			for _, lat := range []float64{-7.1 - float64(n)/100, -9} {
				v := charging.VehicleID("EV-0001")
				if lat == -9 {
					v = "EV-0002"
				}
				w.traffic.Hear(frames.Car{Vehicle: v, At: geo.Point{Lat: lat, Lon: -34.9}})
				w.hub.PublishAt(geo.Point{Lat: lat, Lon: -34.9}, trip.EventCar, now, v, lat)
			}
			time.Sleep(frames.Every)
			synctest.Wait()
		}
		time.Sleep(bell.Spread)
		synctest.Wait()
		got := box.taken()
		if strings.Count(got, "event: cars\n") != 6 || strings.Count(got, "event: car\n") != 6 || strings.Contains(got, "EV-0002") {
			t.Errorf("in the box: %s", got)
		}
		if got := kinds(heardOf(t, figures.taken())); got != "overview overview overview" {
			t.Errorf("in three seconds: %s", got)
		}
		time.Sleep(heartbeat)
		synctest.Wait()
		if got := heardOf(t, box.taken()); kinds(got) != "now" || !strings.Contains(string(got[0].Data), `"clock":"real"`) {
			t.Errorf("a heartbeat: %+v", got)
		}
		if got := old.taken(); strings.Count(got, "event: car\n") != 12 || strings.Contains(got, "cars") || !strings.HasSuffix(got, "\n\n: \n\n") {
			t.Errorf("a stream of the old kind: %s", got)
		}
		w.Close()
	})
}

// blocked is a reader whose connection takes nothing any more after a while: writes wait,
// and fail when their deadline comes.
type blocked struct {
	reader
	deadline chan time.Time
	stopped  chan struct{}
}

func (b *blocked) SetWriteDeadline(t time.Time) error {
	select {
	case <-b.deadline:
	default:
	}
	b.deadline <- t
	return nil
}

func (b *blocked) Write(p []byte) (int, error) {
	select {
	case <-b.stopped:
	default:
		return b.reader.Write(p)
	}
	time.Sleep(time.Until(<-b.deadline))
	return 0, http.ErrHandlerTimeout
}

// TestAReaderThatStopsCostsLittleAndIsLetGo: 100 of them, while 200 cars report and trips
// change without end. A queue of frames, or of events by number alone, would fail it.
func TestAReaderThatStopsCostsLittleAndIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const stopped = 100
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := newWorld(t, func(o *Options) { o.MaxStreams = 2 * stopped })
		w.run(ctx)
		var over sync.WaitGroup
		stop := make(chan struct{})
		for range stopped {
			b := &blocked{reader: reader{h: http.Header{}}, deadline: make(chan time.Time, 1), stopped: stop}
			req := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/events?types=cars,trip,overview", nil)
			req.Header.Set("Authorization", asOperator)
			over.Go(func() { w.ServeHTTP(b, req) })
		}
		synctest.Wait()
		close(stop)
		before := inUse()
		for n := range 15 { // 9.5 s: longer, and the writes would end
			for i := range 200 {
				w.traffic.Hear(frames.Car{Vehicle: charging.VehicleID("EV-" + string(rune('A'+i%26)) + string(rune('A'+i/26))), At: geo.Point{Lat: -7 - float64(n)/100, Lon: -35}})
			}
			for range 100 { // 20 kB each: 30 MB in all
				w.hub.Publish(trip.EventTrip, now, car, tripID, strings.Repeat("x", 20<<10))
			}
			time.Sleep(600 * time.Millisecond)
			synctest.Wait()
		}
		if each := (inUse() - before) / stopped; each > 1<<20 {
			t.Errorf("a reader that stopped costs %d bytes", each)
		}
		time.Sleep(2 * writeTime)
		over.Wait() // all have ended
		if n, _ := w.hub.Stats(); n != 0 || w.events.streams.all != 0 {
			t.Errorf("%d streams are left", n)
		}
		w.Close()
	})
}

func inUse() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestAPageOfTheBrokersCars: bounded, linked, and counted.
func TestAPageOfTheBrokersCars(t *testing.T) {
	rec := newWorld(t).ask("GET", "/api/v1/broker?limit=1&offset=1", asOperator, "")
	var b api.Broker
	if json.Unmarshal(rec.Body.Bytes(), &b) != nil || len(b.Cars) != 1 || b.Cars[0].VehicleID != "EV-0002" || b.CarsTotal != 2 ||
		rec.Header().Get("X-Total-Count") != "2" || !strings.Contains(rec.Header().Get("Link"), `rel="prev"`) {
		t.Errorf("%v %s", rec.Header(), rec.Body)
	}
}
