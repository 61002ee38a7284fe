package link

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// far is a server that counts what it executes, behind a link.
func far(t *testing.T) (*Link, *atomic.Int64) {
	t.Helper()
	var executed atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		executed.Add(1)
		_, _ = io.Copy(w, r.Body)
	}))
	t.Cleanup(server.Close)
	l, err := New(1, func() string { return strings.TrimPrefix(server.URL, "http://") }, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l, &executed
}

// say sends a body through a link.
func say(l *Link, patience time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL()+"/", strings.NewReader("hello, company"))
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return string(raw), err
}

func TestFaultsOfALink(t *testing.T) {
	const patience = 200 * time.Millisecond
	for name, c := range map[string]struct {
		f        Faults
		answered bool
		executed int64
	}{
		"whole":          {Faults{}, true, 1},
		"slow":           {Faults{Delay: 20 * time.Millisecond}, true, 1},
		"dripping":       {Faults{Drip: time.Millisecond}, true, 1},
		"request lost":   {Faults{Loss: 1}, false, 0},
		"answer lost":    {Faults{LostAnswer: 1}, false, 1},
		"executed twice": {Faults{Duplicate: 1, Later: time.Millisecond}, true, 2},
		"refused":        {Faults{Cut: Refused}, false, 0},
		"silent":         {Faults{Cut: Silent}, false, 0},
		"half-open":      {Faults{Cut: Half}, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			l, executed := far(t)
			l.Set(c.f)
			wait := 10 * time.Second
			if !c.answered {
				wait = patience
			}
			got, err := say(l, wait)
			if answered := err == nil && got == "hello, company"; answered != c.answered {
				t.Errorf("answered %v: %q, %v", answered, got, err)
			}
			for deadline := time.Now().Add(10 * time.Second); executed.Load() < c.executed && time.Now().Before(deadline); {
				<-time.After(time.Millisecond)
			}
			if executed.Load() != c.executed {
				t.Errorf("executed %d times, want %d", executed.Load(), c.executed)
			}
			l.Set(Faults{})
			if got, err := say(l, 10*time.Second); err != nil || got != "hello, company" {
				t.Errorf("after it is mended: %q, %v", got, err)
			}
		})
	}
}

// A balancer tries another server after a 503 and where nobody listens, and
// leaves an answer alone where there is no other.
func TestAnotherServerIsTried(t *testing.T) {
	answer := func(status int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, http.StatusText(status))
		}))
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	well, draining := answer(http.StatusOK), answer(http.StatusServiceUnavailable)
	gone := httptest.NewServer(nil)
	nobody := strings.TrimPrefix(gone.URL, "http://")
	gone.Close()
	for _, c := range []struct {
		targets   []string
		want      string
		elsewhere int64
	}{
		{[]string{draining, nobody, well}, "OK", 2},
		{[]string{draining, draining}, "Service Unavailable", 0},
		{[]string{nobody, well}, "OK", 1},
	} {
		turn := -1
		l, err := New(1, func() string { turn++; return c.targets[turn%len(c.targets)] }, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(l.Close)
		if got, err := say(l, 10*time.Second); err != nil || got != c.want || l.Elsewhere.Load() != c.elsewhere {
			t.Errorf("%v: %q, %v, elsewhere %d×", c.targets, got, err, l.Elsewhere.Load())
		}
	}
}

func TestFaultsOfAPipe(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	in, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	go func() {
		for {
			c, err := in.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c) }()
		}
	}()
	p, err := NewPipe(socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	echo := func(patience time.Duration) error {
		c, err := net.Dial("tcp", p.Addr())
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		if _, err := io.WriteString(c, "PING"); err != nil {
			return err
		}
		_, err = io.ReadFull(c, make([]byte, 4))
		return err
	}
	for _, f := range []Faults{{}, {Delay: 5 * time.Millisecond}, {Drip: time.Millisecond}} {
		if p.Set(f); echo(10*time.Second) != nil {
			t.Errorf("%+v carries nothing", f)
		}
	}
	for _, cut := range []Cut{Refused, Silent, Half} {
		if p.Set(Faults{Cut: cut}); echo(100*time.Millisecond) == nil {
			t.Errorf("%s carries", cut)
		}
		if p.Set(Faults{}); echo(10*time.Second) != nil {
			t.Errorf("after %s nothing is carried", cut)
		}
	}
}

// What has no end comes as it is said, and ends with whoever says it. It fails where a
// link waits for the end of a stream.
func TestAStreamComesAsItIsSaid(t *testing.T) {
	more := make(chan string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for s := range more {
			_, _ = io.WriteString(w, s)
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(server.Close)
	l, err := New(1, func() string { return strings.TrimPrefix(server.URL, "http://") }, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	said := make(chan string)
	go func() {
		for _, s := range []string{"one", "two"} {
			more <- s
			said <- s
		}
		close(more)
	}()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	heard := make([]byte, 3)
	for want := range 2 {
		if _, err := io.ReadFull(resp.Body, heard); err != nil || string(heard) != []string{"one", "two"}[want] {
			t.Fatalf("heard %q, %v", heard, err)
		}
		<-said
	}
	if rest, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("its end is not told: %q", rest)
	}
}
