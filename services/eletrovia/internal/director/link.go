package director

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// link carries requests from one company to another.
type link struct {
	from, to charging.CompanyID
	p        *play
	in       net.Listener
	server   *http.Server
}

func newLink(p *play, from, to charging.CompanyID) (*link, error) {
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("stage: %w", err)
	}
	l := &link{from: from, to: to, p: p, in: in}
	l.server = &http.Server{Handler: l, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = l.server.Serve(in) }()
	return l, nil
}

func (l *link) url() string { return "http://" + l.in.Addr().String() }

func (l *link) close() { _ = l.server.Close() }

// largest is how much of a body is carried.
const largest = 4 << 20

// ServeHTTP carries one request: a saga's message when it is its turn, others at once.
// Nothing comes from or to a company that is silent.
func (l *link) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, largest))
	if err != nil {
		hangUp()
	}
	if l.p.isSilent(l.from) || l.p.isSilent(l.to) {
		l.nothing(r.Context())
	}
	s, ok := l.stepOf(r, body)
	if !ok {
		deliver(w, l.carry(r, body))
		return
	}
	if s.What == "preempted" { // a notice: nobody waits for it, and it waits for nobody
		if l.p.once(s.What + " " + s.Driver + string(s.EVSEID)) {
			s.Answer, s.Why = "ok", s.What
			l.p.gate.note(s)
		}
		deliver(w, l.carry(r, body))
		return
	}
	if l.p.scene.live {
		told, a, lost := l.p.deliver(s, func() answered { return l.carry(r, body) })
		l.p.gate.note(told)
		if lost {
			l.nothing(r.Context())
		}
		deliver(w, a)
		return
	}
	m, err := l.p.gate.enter(r.Context(), s)
	if err != nil {
		hangUp()
	}
	a, lost := l.p.travel(m, func() answered { return l.carry(r, body) })
	if lost {
		l.nothing(r.Context())
	}
	deliver(w, a)
}

// nothing keeps the caller waiting for an answer that does not come.
func (l *link) nothing(ctx context.Context) {
	<-ctx.Done()
	hangUp()
}

// answered is what came back; err where nothing did.
type answered struct {
	status int
	header http.Header
	body   []byte
	err    error
}

var carrier = &http.Client{
	Timeout:       30 * time.Second,
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16, IdleConnTimeout: 10 * time.Second},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// carry takes a request to the company. A caller who gives up does not take it back.
func (l *link) carry(r *http.Request, body []byte) answered {
	host := l.p.company[l.to].host()
	if host == "" {
		return answered{err: errDown}
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, "http://"+host+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return answered{err: err}
	}
	req.Header = r.Header.Clone()
	req.Header.Del("Connection")
	resp, err := carrier.Do(req)
	if err != nil {
		return answered{err: err}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, largest))
	return answered{resp.StatusCode, resp.Header, raw, err}
}

func deliver(w http.ResponseWriter, a answered) {
	if a.err != nil {
		hangUp()
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// hangUp breaks the caller's connection without an answer.
func hangUp() { panic(http.ErrAbortHandler) }

// acts are the messages of a saga that are steps.
var acts = map[string]bool{"reserve": true, "claim": true, "confirm": true, "compensate": true, "preempted": true}

// stepOf reads what a request is; ok is false for what is no step.
func (l *link) stepOf(r *http.Request, body []byte) (s api.StageStepped, ok bool) {
	what := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	if r.Method != http.MethodPost || !acts[what] {
		return s, false
	}
	var said struct {
		TripID    charging.TripID        `json:"trip_id"`
		EVSEID    charging.EVSEID        `json:"evse_id"`
		VehicleID charging.VehicleID     `json:"vehicle_id"`
		ID        charging.ReservationID `json:"reservation_id"`
	}
	_ = json.Unmarshal(body, &said) // what cannot be read is carried all the same
	path := strings.Split(r.URL.Path, "/")
	if id := path[len(path)-2]; what == "preempted" {
		said.TripID = charging.TripID(id)
	} else {
		said.ID = charging.ReservationID(id)
	}
	name, evse := l.p.learn(said.TripID, said.VehicleID, said.ID, said.EVSEID)
	return api.StageStepped{From: string(l.from), To: string(l.to), What: what, Driver: name, EVSEID: evse}, true
}

// word is an answer in one word: a state, a code, or lost.
func (a answered) word() string {
	if a.err != nil {
		return "lost"
	}
	var said struct {
		State string `json:"state"`
		Code  string `json:"code"`
	}
	_ = json.Unmarshal(a.body, &said) // an answer without a body is ok
	switch {
	case said.Code != "":
		return said.Code
	case said.State != "":
		return said.State
	}
	return "ok"
}
