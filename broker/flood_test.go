package broker_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// The flood's payloads begin with this.
const flooding = "flood"

// others are cars that speak now and then, and what they noticed.
type others struct {
	cars  []*raw
	sent  [][]time.Time
	mu    sync.Mutex
	took  []time.Duration
	heard chan struct{}
}

// beside starts a broker with cars that speak as in everyday life; what they
// notice is the time from the publish to the handler.
func beside(t testing.TB, n int) (*broker.Broker, *others) {
	t.Helper()
	o := &others{heard: make(chan struct{}, 1<<16), sent: make([][]time.Time, n)}
	b, err := broker.New(broker.Options{
		Company: "MAR", Listen: "127.0.0.1:0", Authenticate: authenticate,
		Handler: func(_ broker.Client, _ carlink.Topic, payload []byte) {
			if string(payload[:min(len(payload), len(flooding))]) == flooding {
				return
			}
			now := time.Now()
			var car, i int
			if _, err := fmt.Sscanf(string(payload), "%d %d", &car, &i); err != nil {
				return
			}
			o.mu.Lock()
			o.took = append(o.took, now.Sub(o.sent[car][i]))
			o.mu.Unlock()
			o.heard <- struct{}{}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := b.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	for i := range n {
		car := dialRaw(t, b, fmt.Sprintf("EV-1%03d", i), "car", true)
		_ = car.SetDeadline(time.Time{})
		o.cars = append(o.cars, car)
		go func() {
			for {
				if _, err := car.in.ReadByte(); err != nil {
					return
				}
			}
		}()
	}
	return b, o
}

// speak has every car say something, one after the other with a pause, rounds
// times, and gives the 99th percentile of what they noticed.
func (o *others) speak(t testing.TB, rounds int) time.Duration {
	t.Helper()
	o.mu.Lock()
	o.took = nil
	o.mu.Unlock()
	for range rounds {
		for i, car := range o.cars {
			topic := carlink.TelemetryTopic(charging.VehicleID(fmt.Sprintf("EV-1%03d", i)))
			o.mu.Lock()
			k := len(o.sent[i])
			o.sent[i] = append(o.sent[i], time.Now())
			o.mu.Unlock()
			car.send(t, 0x30, append(str(topic), fmt.Sprintf("%d %d", i, k)...))
			<-time.After(500 * time.Microsecond) // everyday life, not a flood of its own
		}
	}
	for range rounds * len(o.cars) {
		select {
		case <-o.heard:
		case <-time.After(patience):
			t.Fatal("a car was not heard")
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	slices.Sort(o.took)
	return o.took[len(o.took)*99/100]
}

// flood sends as fast as it can, over as many connections as one car may have,
// until it is told to stop.
func flood(t testing.TB, b *broker.Broker, connections int) (stop func()) {
	t.Helper()
	done := make(chan struct{})
	var all sync.WaitGroup
	var open []*raw
	for i := range connections {
		c := dialRaw(t, b, "EV-0001", fmt.Sprint("flood", i), true)
		_ = c.SetDeadline(time.Time{})
		open = append(open, c)
		go func() {
			buf := make([]byte, 4096)
			for {
				if _, err := c.Read(buf); err != nil {
					return
				}
			}
		}()
		one := packet(0x32, append(append(str("ev/EV-0001/request/plan"), 0, 1), flooding...))
		burst := slices.Repeat(one, 100)
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, err := c.Write(burst); err != nil {
					return
				}
			}
		})
	}
	return func() {
		close(done)
		for _, c := range open {
			c.Close()
		}
		all.Wait()
	}
}

// TestFlood: a car that sends as fast as it can, over eight connections, is
// slowed down to its rate; the others do not notice. (How much they notice is
// BenchmarkFlood's to say: here a bound that a busy machine keeps too.)
func TestFlood(t *testing.T) {
	b, o := beside(t, 20)
	alone := o.speak(t, 20)
	stop := flood(t, b, 8)
	eventually(t, "the flood is not slowed down", func() bool { return b.Stats().Paused > 0 })
	before := b.Stats()
	began := time.Now()
	together := o.speak(t, 20)
	after, seconds := b.Stats(), time.Since(began).Seconds()
	stop()
	if most := 2*alone + 250*time.Millisecond; together > most {
		t.Errorf("p99 %v beside a flood, %v without", together, alone)
	}
	// The rate is 100 a second, and as many are refused; 8 connections may each
	// be in the middle of one.
	if n := after.MessagesIn - before.MessagesIn; float64(n) > 400+2*(2*100+8)*(seconds+1) {
		t.Errorf("%d messages in %.1f s were read in spite of the rate", n, seconds)
	}
	if after.Refused[broker.PublishRate] == 0 {
		t.Errorf("%+v", after)
	}
}

// BenchmarkFlood compares the others' p99 with and without a flood.
func BenchmarkFlood(bench *testing.B) {
	if os.Getenv("CI") == "true" {
		bench.Skip("a figure for a quiet machine")
	}
	b, o := beside(bench, 20)
	rounds := 0
	var alone, together time.Duration
	for bench.Loop() {
		alone += o.speak(bench, 200)
		stop := flood(bench, b, 8)
		together += o.speak(bench, 200)
		stop()
		rounds++
	}
	bench.ReportMetric(float64(alone.Microseconds())/float64(rounds), "p99-alone-µs")
	bench.ReportMetric(float64(together.Microseconds())/float64(rounds), "p99-flood-µs")
}
