package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// serverConfig is told to the broker's process in a variable.
type serverConfig struct {
	// Elsewhere is the URL of another broker; empty runs our own.
	Elsewhere, User, Password string
	Cars                      int
	GCPercent                 int
	Dir                       string
}

// tally is what the handler saw.
type tally struct {
	mu      sync.Mutex
	seen    []map[uint32]struct{} // messages of each car
	Handled int64
	Twice   int64
	Odd     int64
	micros  []int64 // counts of latencies, in buckets of 2%
}

// report is what the broker's process tells of itself.
type report struct {
	Handled, Twice, Odd int64
	P50, P99, P999, Max float64 // milliseconds
	Refused             map[string]int64
	RSS                 int64 // bytes
	Connected           int64
}

// bucket of a latency: 2% wide, from 1 µs on.
func bucketOf(d time.Duration) int {
	us := max(1, float64(d)/float64(time.Microsecond))
	return int(math.Log(us) / math.Log(1.02))
}

func upperOf(bucket int) float64 { return math.Pow(1.02, float64(bucket+1)) / 1000 } // ms

func newTally(cars int) *tally {
	t := &tally{seen: make([]map[uint32]struct{}, cars), micros: make([]int64, bucketOf(time.Hour)+1)}
	for i := range t.seen {
		t.seen[i] = map[uint32]struct{}{}
	}
	return t
}

// handle notes one message.
func (t *tally) handle(payload []byte, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(payload) != payloadSize || int(binary.BigEndian.Uint32(payload[8:])) >= len(t.seen) {
		t.Odd++
		return
	}
	sent := time.Unix(0, int64(binary.BigEndian.Uint64(payload)))
	of, seq := t.seen[binary.BigEndian.Uint32(payload[8:])], binary.BigEndian.Uint32(payload[12:])
	if _, again := of[seq]; again {
		t.Twice++
		return
	}
	of[seq] = struct{}{}
	t.Handled++
	t.micros[min(bucketOf(max(0, now.Sub(sent))), len(t.micros)-1)]++
}

// percentile is in milliseconds.
func (t *tally) percentile(p float64) float64 {
	want, sum := int64(math.Ceil(p*float64(t.Handled))), int64(0)
	for i, n := range t.micros {
		if sum += n; sum >= want && n > 0 {
			return upperOf(i)
		}
	}
	return 0
}

func (t *tally) report(s broker.Stats) report {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := report{
		Handled: t.Handled, Twice: t.Twice, Odd: t.Odd, Connected: s.Connected, Refused: map[string]int64{},
		P50: t.percentile(.5), P99: t.percentile(.99), P999: t.percentile(.999), Max: t.percentile(1),
	}
	for reason, n := range s.Refused {
		if n > 0 {
			r.Refused[reason.String()] = n
		}
	}
	r.RSS, _ = rssOf(os.Getpid())
	return r
}

// host is what the broker's process runs.
type host interface {
	Start() error
	Stop(ctx context.Context) error
	Ready() error
	Stats() broker.Stats
}

// serve runs a broker, or the company's place on one elsewhere, and reports
// whenever it reads a line, until there are no more.
func serve(c serverConfig, in io.Reader, out io.Writer) error {
	debug.SetGCPercent(c.GCPercent)
	t := newTally(c.Cars)
	handler := func(_ broker.Client, _ carlink.Topic, payload []byte) { t.handle(payload, time.Now()) }
	b, address, err := open(c, handler)
	if err != nil {
		return err
	}
	if err := b.Start(); err != nil {
		return err
	}
	for end := time.Now().Add(20 * time.Second); b.Ready() != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return b.Ready()
		}
	}
	fmt.Fprintln(out, address())
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if lines.Text() == "settle" { // what is garbage is not what a car costs
			debug.FreeOSMemory()
		}
		if err := json.NewEncoder(out).Encode(t.report(b.Stats())); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return b.Stop(ctx)
}

func open(c serverConfig, handler func(broker.Client, carlink.Topic, []byte)) (host, func() string, error) {
	if c.Elsewhere != "" {
		r, err := broker.NewRemote(broker.RemoteOptions{
			Company: "MAR", URL: c.Elsewhere, Username: c.User, Password: c.Password, Handler: handler,
		})
		return r, func() string { return strings.TrimPrefix(c.Elsewhere, "tcp://") }, err
	}
	b, err := broker.New(broker.Options{
		Company: "MAR", Listen: "127.0.0.1:0", Handler: handler, MaxClients: c.Cars + 100, Dir: c.Dir,
		Authenticate: func(user string, password []byte) (broker.Principal, bool) {
			return broker.Principal{Vehicle: charging.VehicleID(user)}, string(password) == secretOf(user)
		},
	})
	return b, func() string { return b.Addr().String() }, err
}

// rssOf is the resident memory of a process, in bytes.
func rssOf(pid int) (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for _, line := range strings.Split(string(raw), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			var kb int64
			_, err := fmt.Sscan(rest, &kb)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("process %d tells no VmRSS", pid)
}
