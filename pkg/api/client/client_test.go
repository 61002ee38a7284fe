package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/problem"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func hold() charging.HoldRequest {
	return charging.HoldRequest{
		Ref: charging.Ref{
			ID: "0199a2b3-6c00-7abc-8def-0123456789ac", TripID: "0199a2b3-6c00-7abc-8def-0123456789ab",
			Origin: "SER", EVSEID: "BR*MAR*E0001*1", End: now.Add(time.Hour), Epoch: 1,
		},
		Leg: 1, Start: now, VehicleID: "EV-0001", TTL: 20 * time.Second,
	}
}

func granted(h charging.HoldRequest, s charging.State) charging.Reservation {
	return charging.Reservation{
		ID: h.ID, TripID: h.TripID, Origin: h.Origin, Leg: h.Leg, EVSEID: h.EVSEID, Window: h.Window(),
		VehicleID: h.VehicleID, State: s, Fence: 7, Epoch: 1, TTL: 20 * time.Second,
	}
}

// peer is a server with one handler, and a client that calls it.
func peer(t *testing.T, f http.HandlerFunc) *Client {
	t.Helper()
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	c, err := New(Options{BaseURL: srv.URL, Token: Fixed("tok"), Self: "SER", Peer: "MAR", Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func TestActionsOfACompany(t *testing.T) {
	h := hold()
	state := map[string]charging.State{
		"reserve": charging.Pending, "claim": charging.Claimed, "renew": charging.Pending, "confirm": charging.Reserved,
		"compensate": charging.Canceled, "start": charging.Reserved, "complete": charging.Fulfilled,
	}
	c := peer(t, func(w http.ResponseWriter, r *http.Request) {
		action := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		want := "/federation/v1/reservations/" + string(h.ID) + "/" + action
		if r.Method != http.MethodPost || r.URL.Path != want || r.Header.Get("Authorization") != "Bearer tok" ||
			r.Header.Get("Content-Type") != "application/json" || r.Header.Get("X-Request-ID") != "rid" ||
			r.Header.Get("Traceparent") != "tp" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		body, _ := io.ReadAll(r.Body)
		var err error
		switch action {
		case "reserve", "claim":
			var got charging.HoldRequest
			if got, err = api.DecodeReserve(h.ID, body); got != h {
				t.Errorf("%s: %+v", action, got)
			}
		case "renew":
			var ttl time.Duration
			if _, ttl, err = api.DecodeRenew(h.ID, body); ttl != time.Minute {
				t.Errorf("renew by %s", ttl)
			}
		default:
			_, err = api.DecodeRef(h.ID, body)
		}
		if err != nil {
			t.Errorf("%s: %v", action, err)
		}
		answerJSON(w, 200, api.ReservationOf(granted(h, state[action])))
	})
	ctx := api.WithTrace(t.Context(), api.Trace{RequestID: "rid", Parent: "tp"})
	for action, do := range map[string]func() (charging.Reservation, error){
		"reserve":    func() (charging.Reservation, error) { return c.Reserve(ctx, h) },
		"claim":      func() (charging.Reservation, error) { return c.Claim(ctx, h) },
		"renew":      func() (charging.Reservation, error) { return c.Renew(ctx, h.Ref, time.Minute) },
		"confirm":    func() (charging.Reservation, error) { return c.Confirm(ctx, h.Ref) },
		"compensate": func() (charging.Reservation, error) { return c.Compensate(ctx, h.Ref) },
		"start":      func() (charging.Reservation, error) { return c.Start(ctx, h.Ref, charging.Arrival{}) },
		"complete":   func() (charging.Reservation, error) { return c.Complete(ctx, h.Ref, charging.Leaving{EnergyKWh: 1}) },
	} {
		if r, err := do(); err != nil || r.State != state[action] || r.Fence != 7 {
			t.Errorf("%s: %+v, %v", action, r, err)
		}
	}
}

func TestRefusalsComeBack(t *testing.T) {
	for _, code := range charging.Codes() {
		c := peer(t, func(w http.ResponseWriter, _ *http.Request) {
			_ = api.FromErrorForPeer(&charging.Refusal{Code: code, Detail: "d", SeenEpoch: 9}).Write(w)
		})
		_, err := c.Reserve(t.Context(), hold())
		var r *charging.Refusal
		if !errors.Is(err, code) || !errors.As(err, &r) || r.SeenEpoch != 9 || errors.Is(err, ErrRubbish) {
			t.Errorf("%s: got %v", code, err)
		}
	}
}

func TestRubbishIsNoRefusal(t *testing.T) {
	h := hold()
	good := granted(h, charging.Pending)
	with := func(change func(*charging.Reservation)) http.HandlerFunc {
		r := good
		change(&r)
		return func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, 201, api.ReservationOf(r)) }
	}
	raw := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, f := range map[string]http.HandlerFunc{
		"html":               raw(200, "text/html", "<html>welcome</html>"),
		"html as json":       raw(200, "application/json", "<html>welcome</html>"),
		"empty":              raw(200, "application/json", ""),
		"null":               raw(200, "application/json", "null"),
		"an array":           raw(200, "application/json", "[]"),
		"no content":         raw(204, "application/json", ""),
		"a redirect":         raw(302, "text/plain", ""),
		"html 409":           raw(409, "text/html", "conflict"),
		"503 of a proxy":     raw(503, "text/html", "bad gateway"),
		"500":                func(w http.ResponseWriter, _ *http.Request) { _ = problem.Internal().Write(w) },
		"unknown code":       raw(409, problem.ContentType, `{"status":409,"code":"NEWER"}`),
		"code, wrong status": raw(500, problem.ContentType, `{"code":"SLOT_TAKEN"}`),
		"endless":            raw(200, "application/json", `"`+strings.Repeat("x", maxAnswer+10)+`"`),
		"wrong type":         raw(200, "application/json", `{"fence":"x"}`),
		"another id":         with(func(r *charging.Reservation) { r.ID = "0199a2b3-6c00-7abc-8def-0123456789ff" }),
		"another trip":       with(func(r *charging.Reservation) { r.TripID = "0199a2b3-6c00-7abc-8def-0123456789ff" }),
		"another EVSE":       with(func(r *charging.Reservation) { r.EVSEID = "BR*MAR*E0002*1" }),
		"another origin":     with(func(r *charging.Reservation) { r.Origin = "CAJ" }),
		"another end":        with(func(r *charging.Reservation) { r.Window.End = now.Add(2 * time.Hour) }),
		"another start":      with(func(r *charging.Reservation) { r.Window.Start = now.Add(-time.Hour) }),
		"another leg":        with(func(r *charging.Reservation) { r.Leg = 2 }),
		"another vehicle":    with(func(r *charging.Reservation) { r.VehicleID = "EV-0002" }),
		"canceled":           with(func(r *charging.Reservation) { r.State = charging.Canceled }),
		"an odd state":       with(func(r *charging.Reservation) { r.State = "GRANTED" }),
		"no fence":           with(func(r *charging.Reservation) { r.Fence = 0 }),
		"a TTL of a year":    with(func(r *charging.Reservation) { r.TTL = 9000 * time.Hour }),
		"a negative TTL":     with(func(r *charging.Reservation) { r.TTL = -time.Second }),
		"a huge ticket":      with(func(r *charging.Reservation) { r.Ticket = strings.Repeat("t", 9000) }),
	} {
		t.Run(name, func(t *testing.T) {
			r, err := peer(t, f).Reserve(t.Context(), h)
			if err == nil || charging.CodeOf(err) != "" || !errors.Is(err, ErrRubbish) {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
}

func TestNoAnswerIsNoRefusal(t *testing.T) {
	release := make(chan struct{})
	c := peer(t, func(http.ResponseWriter, *http.Request) { <-release })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Reserve(ctx, hold())
	if err == nil || charging.CodeOf(err) != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	c.timeout = time.Millisecond
	if _, err = c.Confirm(t.Context(), hold().Ref); charging.CodeOf(err) != "" || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("late: %v", err)
	}
	close(release)

	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c, err = New(Options{BaseURL: gone.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Compensate(t.Context(), hold().Ref); err == nil || charging.CodeOf(err) != "" {
		t.Errorf("gone: %v", err)
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	var conns atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("reservation_id") {
		case "":
			_ = problem.New("UNKNOWN_TRIP", "d").Write(w)
		default:
			answerJSON(w, 200, api.OutcomeBody{Outcome: charging.OutcomeConfirmed})
		}
	}))
	srv.Config.ConnState = func(_ netConn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	c, err := New(Options{BaseURL: srv.URL + "/"})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if o, err := c.Outcomes(t.Context(), []charging.Question{{TripID: "t", ReservationID: "r"}}); err != nil || o[0] != charging.OutcomeConfirmed {
			t.Fatal(o, err)
		}
		if _, err := c.Outcomes(t.Context(), []charging.Question{{TripID: "t"}}); !errors.Is(err, charging.CodeUnknownTrip) {
			t.Fatal(err)
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections for 40 calls", n)
	}
}

func TestNotices(t *testing.T) {
	var got []string
	c := peer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		id := charging.TripID(strings.Split(r.URL.Path, "/")[4])
		if strings.HasSuffix(r.URL.Path, "/preempted") {
			n, err := api.DecodePreempted(id, body)
			got = append(got, fmt.Sprint(n, err))
		} else {
			n, err := api.DecodeChanged(id, body)
			got = append(got, fmt.Sprint(n, err))
		}
		w.WriteHeader(http.StatusNoContent)
	})
	h := hold()
	pre := charging.Notice{TripID: h.TripID, ReservationID: h.ID, Leg: 1, State: charging.Preempted, By: "0199a2b3-6c00-7abc-8def-0123456789ad"}
	chg := charging.Notice{TripID: h.TripID, ReservationID: h.ID, Leg: 1, State: charging.NoShow, Reason: "late"}
	if err := errors.Join(c.Preempted(t.Context(), pre), c.Changed(t.Context(), chg)); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0] != fmt.Sprint(pre, error(nil)) || got[1] != fmt.Sprint(chg, error(nil)) {
		t.Errorf("got %v", got)
	}
}

func TestReservation(t *testing.T) {
	h := hold()
	c := peer(t, func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, 200, api.ReservationOf(granted(h, charging.Reserved)))
	})
	if r, err := c.Reservation(t.Context(), h.ID); err != nil || r.State != charging.Reserved {
		t.Errorf("got %+v, %v", r, err)
	}
	if _, err := c.Reservation(t.Context(), "0199a2b3-6c00-7abc-8def-0123456789ff"); !errors.Is(err, ErrRubbish) {
		t.Errorf("got %v", err)
	}
}

func TestBaseURL(t *testing.T) {
	for _, bad := range []string{"", "127.0.0.1:8081", "ftp://x", "http://", "http://a b"} {
		if _, err := New(Options{BaseURL: bad}); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
}
