// Package flood floods a company's server from one address while drivers book at it
// from another, and tells what these have noticed. It is for a server of one's own, on
// loopback.
package flood

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// dialing is how many idle connections are being opened at a time, and reopened
	// how many a second of those that the server has closed.
	dialing, reopened = 64, 250
	// announced is what a slow body says that it has; it sends one byte.
	announced = 1_000_000
	// pause is how long what was refused waits before it is tried again.
	pause = time.Second
	// streamsEach is how many event streams one vehicle of the attacker opens.
	streamsEach = 8
)

// Attack is what one stranger does to a server, all at once and until he is told to
// stop.
type Attack struct {
	// REST and MQTT are the server's addresses, host:port; From is the address that
	// all comes from.
	REST, MQTT, From string
	// Connections are opened and kept idle, half of them to MQTT; SlowBodies announce
	// a megabyte and send a byte; Streams are event streams of vehicles that were
	// registered for them. Registrations are a second.
	Connections, SlowBodies, Streams, Registrations int
}

// Deeds count what the attacker got done.
type Deeds struct {
	Opened      int64 `json:"connections_opened"`
	Closed      int64 `json:"connections_closed_by_server"`
	Undialed    int64 `json:"connections_not_made"`
	Held        int64 `json:"connections_held_at_the_end"`
	Bodies      int64 `json:"slow_bodies"`
	Streams     int64 `json:"streams_opened"`
	StreamsNot  int64 `json:"streams_refused"`
	Registered  int64 `json:"vehicles_registered"`
	RegisterNot int64 `json:"registrations_refused"`
}

// Add sums the deeds of several attackers.
func (d *Deeds) Add(o Deeds) {
	d.Opened += o.Opened
	d.Closed += o.Closed
	d.Undialed += o.Undialed
	d.Held += o.Held
	d.Bodies += o.Bodies
	d.Streams += o.Streams
	d.StreamsNot += o.StreamsNot
	d.Registered += o.Registered
	d.RegisterNot += o.RegisterNot
}

// attacker is an attack under way.
type attacker struct {
	Attack
	dialer net.Dialer
	dials  chan struct{}
	again  chan struct{}
	cars   chan car
	held   atomic.Int64

	opened, closed, undialed, bodies, streams, streamsNot, registered, registerNot atomic.Int64
}

type car struct {
	ID     string `json:"vehicle_id"`
	Secret string `json:"secret"`
}

// Run attacks until the context ends.
func (a Attack) Run(ctx context.Context) Deeds {
	x := &attacker{
		Attack: a, dialer: net.Dialer{Timeout: 5 * time.Second, LocalAddr: &net.TCPAddr{IP: net.ParseIP(a.From)}},
		dials: make(chan struct{}, dialing), again: make(chan struct{}), cars: make(chan car, a.Streams/streamsEach+1),
	}
	var wg sync.WaitGroup
	many := func(n int, do func(n int)) {
		for i := range n {
			wg.Go(func() {
				for ctx.Err() == nil {
					do(i)
				}
			})
		}
	}
	wg.Go(func() { x.allow(ctx) })
	many(a.Connections, func(n int) { x.idle(ctx, n) })
	many(a.SlowBodies, func(int) { x.slowBody(ctx) })
	many(a.Streams/streamsEach, func(int) { x.listen(ctx) })
	wg.Go(func() { x.register(ctx) })
	<-ctx.Done()
	held := x.held.Load()
	wg.Wait()
	return Deeds{
		Opened: x.opened.Load(), Closed: x.closed.Load(), Undialed: x.undialed.Load(), Held: held, Bodies: x.bodies.Load(),
		Streams: x.streams.Load(), StreamsNot: x.streamsNot.Load(), Registered: x.registered.Load(), RegisterNot: x.registerNot.Load(),
	}
}

// allow lets a number of closed connections a second be opened again.
func (x *attacker) allow(ctx context.Context) {
	tick := time.NewTicker(time.Second / reopened)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			select {
			case x.again <- struct{}{}:
			default:
			}
		}
	}
}

// dial opens a connection; nil where that failed, after a pause.
func (x *attacker) dial(ctx context.Context, to string) net.Conn {
	c, err := x.dialer.DialContext(ctx, "tcp", to)
	if err != nil {
		x.undialed.Add(1)
		rest(ctx)
		return nil
	}
	context.AfterFunc(ctx, func() { _ = c.Close() })
	return c
}

func rest(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}

// idle keeps one connection until the server closes it.
func (x *attacker) idle(ctx context.Context, n int) {
	to := x.REST
	if n%2 == 1 {
		to = x.MQTT
	}
	select {
	case x.dials <- struct{}{}:
	case <-ctx.Done():
		return
	}
	c := x.dial(ctx, to)
	<-x.dials
	if c == nil {
		return
	}
	defer c.Close()
	x.opened.Add(1)
	x.held.Add(1)
	_, _ = c.Read(make([]byte, 1))
	x.held.Add(-1)
	if ctx.Err() == nil {
		x.closed.Add(1)
	}
	select {
	case <-x.again:
	case <-ctx.Done():
	}
}

// slowBody announces much and sends next to nothing.
func (x *attacker) slowBody(ctx context.Context) {
	c := x.dial(ctx, x.REST)
	if c == nil {
		return
	}
	defer c.Close()
	_, err := fmt.Fprintf(c, "POST /api/v1/plans HTTP/1.1\r\nHost: flood\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{", announced)
	if err == nil {
		x.bodies.Add(1)
	}
	_, _ = io.Copy(io.Discard, c)
	rest(ctx)
}

// call makes one request on a connection of its own.
func (x *attacker) call(ctx context.Context, request string) (*http.Response, net.Conn) {
	c := x.dial(ctx, x.REST)
	if c == nil {
		return nil, nil
	}
	_, _ = io.WriteString(c, request)
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		_ = c.Close()
		return nil, nil
	}
	return answer, c
}

// register makes vehicles at a rate, and gives the first to listen.
func (x *attacker) register(ctx context.Context) {
	const body = `{"model":"byd-dolphin"}`
	request := fmt.Sprintf("POST /api/v1/vehicles HTTP/1.1\r\nHost: flood\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if x.Registrations <= 0 {
		return
	}
	tick := time.NewTicker(time.Second / time.Duration(x.Registrations))
	defer tick.Stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		wg.Go(func() {
			answer, c := x.call(ctx, request)
			if answer == nil {
				x.registerNot.Add(1)
				return
			}
			defer c.Close()
			var got car
			if answer.StatusCode != http.StatusCreated || json.NewDecoder(answer.Body).Decode(&got) != nil {
				x.registerNot.Add(1)
				return
			}
			x.registered.Add(1)
			select {
			case x.cars <- got:
			default:
			}
		})
	}
}

// listen opens the streams of one vehicle, and opens them again when they end.
func (x *attacker) listen(ctx context.Context) {
	var who car
	select {
	case who = <-x.cars:
	case <-ctx.Done():
		return
	}
	shown := base64.StdEncoding.EncodeToString([]byte(who.ID + ":" + who.Secret))
	request := "GET /api/v1/events HTTP/1.1\r\nHost: flood\r\nAuthorization: Basic " + shown + "\r\n\r\n"
	var wg sync.WaitGroup
	for range streamsEach {
		wg.Go(func() {
			for ctx.Err() == nil {
				x.stream(ctx, request)
			}
		})
	}
	wg.Wait()
}

func (x *attacker) stream(ctx context.Context, request string) {
	answer, c := x.call(ctx, request)
	if answer == nil {
		rest(ctx)
		return
	}
	defer c.Close()
	if answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		x.streamsNot.Add(1)
		rest(ctx)
		return
	}
	x.streams.Add(1)
	_, _ = io.Copy(io.Discard, answer.Body)
	rest(ctx)
}
