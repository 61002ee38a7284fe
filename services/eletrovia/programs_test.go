package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/bench"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// writer keeps what is written and tells of each line.
type writer struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	lines chan string
}

func (w *writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf.Write(p)
	for {
		line, err := w.buf.ReadString('\n')
		if err != nil {
			w.buf.WriteString(line)
			return len(p), nil
		}
		w.lines <- strings.TrimSuffix(line, "\n")
	}
}

// running is a command line that runs until it is told to end.
type running struct {
	said  []string
	lines chan string
	end   context.CancelFunc
	code  chan int
	errs  *bytes.Buffer
}

// begin runs a command line until it says ready.
func begin(t *testing.T, environ []string, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out := &writer{lines: make(chan string, 1000)}
	p := &running{lines: out.lines, end: cancel, code: make(chan int, 1), errs: &bytes.Buffer{}}
	go func() {
		p.code <- run(ctx, args, terminal.Shell{Out: out, Err: p.errs, Program: "eletrovia", Environ: environ})
	}()
	limit := time.After(60 * time.Second)
	for {
		select {
		case line := <-out.lines:
			p.said = append(p.said, line)
			if line == "ready" {
				return p
			}
		case code := <-p.code:
			t.Fatalf("ended with %d before it was ready: %v\n%s", code, p.said, p.errs)
		case <-limit:
			cancel()
			t.Fatalf("not ready: %v", p.said)
		}
	}
}

// over ends the program as Ctrl-C does.
func (p *running) over(t *testing.T) {
	t.Helper()
	p.end()
	select {
	case code := <-p.code:
		if code != terminal.ExitDone {
			t.Errorf("exit %d: %s", code, p.errs)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it does not end")
	}
}

// word after a word in what was said: the address behind "REST".
func (p *running) word(after string) string {
	for _, line := range p.said {
		if _, rest, ok := strings.Cut(line, after+" "); ok {
			return strings.TrimRight(strings.Fields(rest)[0], ",")
		}
	}
	return ""
}

// The README's first minutes: a demo, a trip, the same trip from another
// server, a cancel; then the demo ends and leaves its data.
func TestDemo(t *testing.T) {
	data := t.TempDir()
	demo := []string{"demo", "--http-port", "0", "--mqtt-port", "0", "--redis-port", "0", "--fleet", "2", "--data", data}
	p := begin(t, nil, demo...)
	server := "ELETROVIA_SERVER=" + p.word("REST")
	typed := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		code := run(t.Context(), args, terminal.Shell{Out: &out, Err: &errs, Program: "eletrovia", Environ: []string{server}})
		return code, out.String(), errs.String()
	}
	code, out, errs := typed("reserve", "--from", "João Pessoa, PB", "--to", "Feira de Santana, BA", "--vehicle", "EV-0001", "--json")
	var booked struct {
		ID    string `json:"trip_id"`
		State string `json:"state"`
		Legs  []struct {
			Company string `json:"company_id"`
		} `json:"legs"`
	}
	if err := json.Unmarshal([]byte(out), &booked); code != 0 || err != nil || booked.State != "CONFIRMED" || len(booked.Legs) < 3 {
		t.Fatalf("reserve: exit %d, %v, %+v, %s", code, err, booked, errs)
	}
	for _, c := range [][]string{
		{"trips"}, {"trips", booked.ID}, {"trips", booked.ID, "--history"}, {"locks"}, {"sagas"}, {"peers"}, {"inventory"}, {"doctor"}, {"healthcheck"},
	} {
		if code, out, errs := typed(c...); code != 0 || out == "" {
			t.Errorf("%v: exit %d, %q, %s", c, code, out, errs)
		}
	}
	if code, _, errs := typed("trips", booked.ID, "--vehicle", "EV-0002"); code != terminal.ExitFailure || !strings.Contains(errs, "FORBIDDEN") {
		t.Errorf("another vehicle's trip: exit %d, %s", code, errs)
	}
	p.over(t)

	again := begin(t, nil, demo...)
	server = "ELETROVIA_SERVER=" + again.word("REST")
	if again.word("store") != "" && strings.Contains(strings.Join(again.said, " "), "redis-server") {
		if code, out, errs := typed("cancel", booked.ID, "--vehicle", "EV-0001"); code != 0 || !strings.Contains(out, "CANCELED") {
			t.Errorf("after another start: exit %d, %s, %s", code, out, errs)
		}
	}
	again.over(t)
}

func TestServe(t *testing.T) {
	p := begin(t, []string{"ELETROVIA_OPERATOR_SECRET=demo"}, "serve", "--company", "SER", "--store", "memory", "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--ws", "127.0.0.1:0")
	var out bytes.Buffer
	if code := run(t.Context(), []string{"doctor", "--server", p.word("REST"), "--json"}, terminal.Shell{Out: &out, Err: io.Discard}); code != 0 {
		t.Errorf("doctor: exit %d, %s", code, out.String())
	}
	if all := strings.Join(p.said, "\n"); !strings.Contains(all, "Sertão Energia") || !strings.Contains(all, "can lose: everything") || !strings.Contains(all, "WebSocket") {
		t.Errorf("it said %s", all)
	}
	p.over(t)
}

func TestServeRefusesToStart(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("company: MAR\nname: x\nlocatoins: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		environ []string
		args    []string
		says    string
	}{
		"nobody":           {nil, nil, "which company"},
		"default secret":   {[]string{"ELETROVIA_OPERATOR_SECRET=demo"}, []string{"--company", "MAR", "--http", ":0"}, "operator's secret is a default"},
		"unknown variable": {[]string{"ELETROVIA_PORT=80"}, []string{"--company", "MAR"}, "ELETROVIA_PORT"},
		"inventory":        {nil, []string{"--config", broken}, broken + ":3: "},
		"lease":            {nil, []string{"--company", "MAR", "--lease", "1m"}, "hold TTL"},
		"peer's token":     {[]string{"ELETROVIA_TOKEN_SER=x"}, []string{"--company", "MAR", "--peer", "SER=http://127.0.0.1:1"}, "ELETROVIA_AUTH_SER=token"},
		"peer's key":       {[]string{"ELETROVIA_KEY_SER=x"}, []string{"--company", "MAR", "--peer", "SER=http://127.0.0.1:1"}, "no thumbprint"},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"serve"}, c.args...), terminal.Shell{Out: &out, Err: &errs, Environ: c.environ, Program: "eletrovia"})
		if code != terminal.ExitUsage || !strings.Contains(errs.String(), c.says) || out.Len() > 0 {
			t.Errorf("%s: exit %d, %s", name, code, errs.String())
		}
	}
}

func TestServeFailsWithoutItsStore(t *testing.T) {
	var errs bytes.Buffer
	code := run(t.Context(), []string{"serve", "--company", "MAR", "--store", "redis://127.0.0.1:1", "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"},
		terminal.Shell{Out: io.Discard, Err: &errs, Program: "eletrovia"})
	if code != terminal.ExitFailure || !strings.Contains(errs.String(), "store") {
		t.Errorf("exit %d, %s", code, errs.String())
	}
}

// The benchmark runs; how fast is not this test's business.
func TestBench(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{
		"bench", "--store", "memory", "--concurrency", "2", "--duration", "100ms", "--warm-up", "1", "--fsync", "everysec", "--vehicles", "99", "--json",
		"--cpuprofile", filepath.Join(t.TempDir(), "cpu.prof"),
	}, terminal.Shell{Out: &out, Err: &errs, Program: "eletrovia"})
	var rows []bench.Row
	if err := json.Unmarshal(out.Bytes(), &rows); code != 0 || err != nil || len(rows) != 2 {
		t.Fatalf("exit %d, %v, %s%s", code, err, out.String(), errs.String())
	}
	for i, r := range rows {
		if r.Trips == 0 || r.Failed != 0 || r.MQTT != (i == 1) || r.P99 < r.P50 {
			t.Errorf("%+v", r)
		}
	}
	if code := run(t.Context(), []string{"bench", "--mqtt", "perhaps"}, terminal.Shell{Out: io.Discard, Err: io.Discard}); code != terminal.ExitUsage {
		t.Errorf("exit %d", code)
	}
}

func TestDoctorSaysWhatIsWrong(t *testing.T) {
	f := newFake(t)
	f.answers["GET /readyz"] = api.Health{Status: "ok", Checks: map[string]string{"store": "redis"}}
	f.answers["GET /api/v1/peers"] = []api.Peer{{CompanyID: "SER", Status: "down", URL: "http://x", Detail: "connection refused"}}
	f.answers["GET /api/v1/inventory"] = changedInventory()
	got := f.typed(t, false, "doctor")
	if !strings.Contains(got.out, "ok     inventory: BR*MAR*E0001*1 is offered at BR*MAR*LNEW01, its calendar stays under BR*MAR*LOLD01: 2 bookings") ||
		!strings.Contains(got.out, "ok     inventory: BR*MAR*E0002*1 is offered no more and is kept for 1 bookings") {
		t.Errorf("what has moved and left: %s", got.out)
	}
	if got.code != terminal.ExitFailure || !strings.Contains(got.out, "wrong  peer SER: down at http://x: connection refused") || !strings.Contains(got.err, "1 check failed") {
		t.Errorf("%+v", got)
	}
	if got := f.typed(t, false, "doctor", "--company", "MAR", "--store", "redis://127.0.0.1:1", "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"); got.code != terminal.ExitFailure ||
		!strings.Contains(got.out, "wrong  store") || !strings.Contains(got.out, "ok     configuration") {
		t.Errorf("%+v", got)
	}
}

// A part that is impaired is wrong, also where the server can book without it, and
// so is a peer that is up while somebody shows a wrong token in its name.
func TestDoctorSaysWhatIsImpaired(t *testing.T) {
	f := newFake(t)
	f.answers["GET /readyz"] = api.Health{
		Status: "ok", Checks: map[string]string{"store": "redis", "settings": "maxmemory-policy is allkeys-lru"}, Impaired: []string{"settings"},
	}
	f.answers["GET /api/v1/peers"] = []api.Peer{{CompanyID: "SER", Status: "up", URL: "http://x", Detail: "somebody shows a wrong token"}}
	f.answers["GET /api/v1/inventory"] = api.Inventory{}
	got := f.typed(t, false, "doctor")
	for _, want := range []string{"ok     server", "ok     store", "wrong  settings: maxmemory-policy is allkeys-lru", "wrong  peer SER: up at http://x: somebody shows"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in %s", want, got.out)
		}
	}
	if got.code != terminal.ExitFailure || !strings.Contains(got.err, "2 checks failed") {
		t.Errorf("%+v", got)
	}
}
