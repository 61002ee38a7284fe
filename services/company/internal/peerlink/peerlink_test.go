package peerlink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/broker"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

const evse = charging.EVSEID("BR*SER*E0001*1")

// peer runs SER's broker, which lets MAR in with the token "t".
func peer(t *testing.T, address string) *broker.Broker {
	t.Helper()
	b, err := broker.New(broker.Options{
		Company: "SER", Listen: address,
		Authenticate: func(user string, password []byte) (broker.Principal, bool) {
			return broker.Principal{Company: charging.CompanyID(user)}, user == "MAR" && string(password) == "t"
		},
		Handler: func(broker.Client, carlink.Topic, []byte) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, b) })
	return b
}

func stop(t *testing.T, b *broker.Broker) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := b.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// listen starts MAR's link to SER; what it hears arrives as text.
func listen(t *testing.T, address func(context.Context) (string, error), token string) (*Link, <-chan string) {
	t.Helper()
	heard := make(chan string, 100)
	l, err := New(Options{
		Self: "MAR", Peers: []Peer{{ID: "SER", Address: address, Token: func() (string, error) { return token, nil }}},
		OnEVSE:   func(c charging.CompanyID, e charging.EVSEID) { heard <- fmt.Sprint(c, " ", e) },
		OnStatus: func(c charging.CompanyID, online bool) { heard <- fmt.Sprint(c, " ", online) },
	})
	if err != nil {
		t.Fatal(err)
	}
	l.Start()
	t.Cleanup(l.Stop)
	return l, heard
}

func next(t *testing.T, heard <-chan string, want string) {
	t.Helper()
	select {
	case got := <-heard:
		if got != want {
			t.Fatalf("heard %q, want %q", got, want)
		}
	case <-time.After(15 * time.Second):
		t.Fatalf("did not hear %q", want)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatal(what)
		}
		time.Sleep(time.Millisecond)
	}
}

func fixed(address string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return address, nil }
}

func TestComesGoesAndComesBack(t *testing.T) {
	b := peer(t, "127.0.0.1:0")
	address := b.Addr().String()
	l, heard := listen(t, fixed("tcp://"+address), "t")
	next(t, heard, "SER true")
	if err := b.Publish(carlink.EVSETopic("SER", evse), []byte(`{"evse_id":"`+string(evse)+`"}`), 1, false); err != nil {
		t.Fatal(err)
	}
	next(t, heard, "SER "+string(evse))
	stop(t, b)
	next(t, heard, "SER false")
	again := peer(t, address)
	next(t, heard, "SER true")
	eventually(t, "the second connection is not counted", func() bool { return l.Status()[0].Connects == 2 })
	if s := l.Status()[0]; !s.Online || s.Since.IsZero() || s.Problem != "" || s.Peer != "SER" {
		t.Errorf("%+v", s)
	}
	l.Stop()
	next(t, heard, "SER false")
	if n := again.Stats().Connected; n > 1 {
		t.Errorf("%d connections after the stop", n)
	}
}

// TestConnectionLost: the peer dies without a word.
func TestConnectionLost(t *testing.T) {
	b := peer(t, "127.0.0.1:0")
	through, cut := proxy(t, b.Addr().String())
	l, heard := listen(t, fixed("tcp://"+through), "t")
	next(t, heard, "SER true")
	cut()
	next(t, heard, "SER false")
	next(t, heard, "SER true") // by itself
	eventually(t, "the second connection is not counted", func() bool { return l.Status()[0].Connects == 2 })
}

// proxy passes connections on until cut, which ends those that are open.
func proxy(t *testing.T, to string) (address string, cut func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	open := make(chan net.Conn, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", to)
			if err != nil {
				c.Close()
				continue
			}
			open <- c
			go func() { _, _ = up.(*net.TCPConn).ReadFrom(c); up.Close() }()
			go func() { _, _ = c.(*net.TCPConn).ReadFrom(up); c.Close() }()
		}
	}()
	return l.Addr().String(), func() { (<-open).Close() }
}

func TestWrongToken(t *testing.T) {
	b := peer(t, "127.0.0.1:0")
	l, heard := listen(t, fixed("tcp://"+b.Addr().String()), "wrong")
	eventually(t, "it was not refused twice", func() bool { return b.Stats().RefusedLogins > 1 })
	if s := l.Status()[0]; s.Online || s.Connects != 0 || !strings.Contains(s.Problem, b.Addr().String()) {
		t.Errorf("%+v", s)
	}
	select {
	case what := <-heard:
		t.Errorf("heard %q", what)
	default:
	}
}

// TestAddressIsAskedAgain: the peer says where it is only at the third time.
func TestAddressIsAskedAgain(t *testing.T) {
	b := peer(t, "127.0.0.1:0")
	asked := 0
	_, heard := listen(t, func(context.Context) (string, error) {
		if asked++; asked < 3 {
			return "", errors.New("not yet")
		}
		return "tcp://" + b.Addr().String(), nil
	}, "t")
	next(t, heard, "SER true")
}

func TestHear(t *testing.T) {
	heard := make(chan string, 10)
	l, err := New(Options{
		Self: "MAR", Peers: []Peer{{ID: "SER", Address: fixed("x")}},
		OnEVSE:   func(c charging.CompanyID, e charging.EVSEID) { heard <- fmt.Sprint(c, " ", e) },
		OnStatus: func(c charging.CompanyID, online bool) { heard <- fmt.Sprint(c, " ", online) },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range [][2]string{
		{"company/CAJ/status", "online"}, // about another
		{"company/SER/status", "ONLINE"},
		{"company/SER/status", "offline"}, // no change
		{"company/SER/evses/BR*CAJ*E0001*1", "{}"},
		{"company/SER/else", "x"},
		{"ev/EV-0001/alerts", "x"},
	} {
		l.hear("SER", m[0], []byte(m[1]))
	}
	l.hear("SER", "company/SER/status", []byte("online"))
	l.hear("SER", "company/SER/status", []byte("online"))
	l.hear("SER", "company/SER/evses/"+string(evse), []byte("{}"))
	l.hear("SER", "company/SER/status", []byte("offline"))
	for _, want := range []string{"SER true", "SER " + string(evse), "SER false"} {
		next(t, heard, want)
	}
	if s := l.Status()[0]; s.Online || s.Problem == "" {
		t.Errorf("%+v", s)
	}
}

func TestOptionsRefused(t *testing.T) {
	ok := Options{
		Self: "MAR", OnEVSE: func(charging.CompanyID, charging.EVSEID) {}, OnStatus: func(charging.CompanyID, bool) {},
	}
	for name, change := range map[string]func(*Options){
		"no company":  func(o *Options) { o.Self = "" },
		"no callback": func(o *Options) { o.OnEVSE = nil },
		"itself":      func(o *Options) { o.Peers = []Peer{{ID: "MAR", Address: fixed("")}} },
		"twice":       func(o *Options) { o.Peers = []Peer{{ID: "SER", Address: fixed("")}, {ID: "SER", Address: fixed("")}} },
		"no address":  func(o *Options) { o.Peers = []Peer{{ID: "SER"}} },
		"no id":       func(o *Options) { o.Peers = []Peer{{Address: fixed("")}} },
	} {
		o := ok
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	l, err := New(ok)
	if err != nil {
		t.Fatal(err)
	}
	l.Stop() // without a start
}

func TestBackoff(t *testing.T) {
	for n, most := range []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second} {
		for range 50 {
			if d := backoff(n); d < most/2 || d > most {
				t.Fatalf("backoff(%d) = %s", n, d)
			}
		}
	}
	if d := backoff(1 << 20); d > 15*time.Second {
		t.Errorf("%s", d)
	}
}
