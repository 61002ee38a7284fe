package desk

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	testLocation = charging.LocationID("BR*MAR*LJPA01")
	evse1        = charging.EVSEID("BR*MAR*E0001*1")
	evse2        = charging.EVSEID("BR*MAR*E0001*2")
	evseFar      = charging.EVSEID("BR*MAR*E0002*1")
)

var testTerms = charging.Terms{
	NoShowTimeout: 20 * time.Minute, EarlyPlug: 10 * time.Minute, MaxAhead: 14 * 24 * time.Hour,
}

var (
	testPlug    = []charging.Connector{{ID: "1", Standard: "IEC_62196_T2_COMBO", PowerKW: 60, TariffID: "T1"}}
	testTariffs = []charging.Tariff{{ID: "T1", Currency: "BRL", PerKWh: 2, PerSession: 1.5, IdlePerMinute: 1, IdleGraceMinutes: 10}}
)

func testLocations() []charging.Location {
	return []charging.Location{
		{ID: testLocation, Company: "MAR", Terms: testTerms, EVSEs: []charging.EVSE{{ID: evse1, Connectors: testPlug}, {ID: evse2, Connectors: testPlug}}, Tariffs: testTariffs},
		{ID: "BR*MAR*LCPV01", Company: "MAR", EVSEs: []charging.EVSE{{ID: evseFar}}},
	}
}

// paper is a Tickets without cryptography: a checksum stands for the signature.
type paper struct{}

func (paper) KeyID() string { return "key-1" }

func (paper) Issue(t charging.Ticket, keyID string) (string, error) {
	body, err := json.Marshal(struct {
		charging.Ticket
		Exp int64
		Kid string
	}{t, t.Expires.UnixMicro(), keyID})
	return sign(base64.RawURLEncoding.EncodeToString(body)), err
}

func sign(body string) string {
	return body + "." + strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(body))), 16) + ".a-signature-as-long-as-one"
}

func (paper) Verify(_ context.Context, token string, trip charging.TripID, origin charging.CompanyID, now time.Time) (charging.Ticket, error) {
	body, _, _ := strings.Cut(token, ".")
	var t struct {
		charging.Ticket
		Exp int64
	}
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || sign(body) != token || json.Unmarshal(raw, &t) != nil {
		return charging.Ticket{}, charging.Refuse(charging.CodeTicketInvalid, "forged")
	}
	t.Expires = time.UnixMicro(t.Exp)
	if t.TripID != trip || t.Origin != origin || !now.Before(t.Expires) {
		return charging.Ticket{}, charging.Refuse(charging.CodeTicketInvalid, "another trip's, or too old")
	}
	return t.Ticket, nil
}

func paperTicket(t *testing.T, trip charging.TripID, granted, expires time.Time) string {
	t.Helper()
	token, err := paper{}.Issue(charging.Ticket{
		TripID: trip, Origin: "SER", Issuer: "CAJ", GrantedAt: strconv.FormatInt(granted.UnixMicro(), 10), Expires: expires,
	}, "key-1")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// originator is a scripted company at the other end of questions and notices.
type originator struct {
	mu       sync.Mutex
	outcome  charging.Outcome
	err      error
	fail     int           // so many deliveries fail first
	most     int           // answers at a time, when set
	hold     chan struct{} // questions wait for it, when set
	asked    int           // questions, and about how many stops
	stops    int
	notices  []charging.Notice
	delivery chan struct{}
}

func newOriginator() *originator {
	return &originator{outcome: charging.OutcomePending, delivery: make(chan struct{}, 1024)}
}

func (o *originator) Originator(id charging.CompanyID) (charging.Originator, error) {
	if id != "SER" {
		return nil, errors.New("no such company in this test")
	}
	return o, nil
}

func (o *originator) Outcomes(ctx context.Context, about []charging.Question) ([]charging.Outcome, error) {
	o.mu.Lock()
	o.asked++
	o.stops += len(about)
	outcome, err, hold, n := o.outcome, o.err, o.hold, len(about)
	if o.most > 0 {
		n = min(n, o.most)
	}
	o.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err != nil {
		return nil, err
	}
	return slices.Repeat([]charging.Outcome{outcome}, n), nil
}

func (o *originator) Preempted(_ context.Context, n charging.Notice) error { return o.note(n) }
func (o *originator) Changed(_ context.Context, n charging.Notice) error   { return o.note(n) }

func (o *originator) note(n charging.Notice) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail > 0 {
		o.fail--
		return errors.New("connection reset")
	}
	o.notices = append(o.notices, n)
	o.delivery <- struct{}{}
	return nil
}

func (o *originator) says(outcome charging.Outcome, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.outcome, o.err = outcome, err
}

func (o *originator) heard() []charging.Notice {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]charging.Notice(nil), o.notices...)
}

func (o *originator) left() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.fail
}

func (o *originator) questions() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

func (o *originator) askedAbout() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stops
}

// offices are several originators.
type offices map[charging.CompanyID]*originator

func (o offices) Originator(id charging.CompanyID) (charging.Originator, error) { return o[id], nil }

// world is a desk with everything around it scripted.
type world struct {
	*Desk
	cal  *memory // unless the test brings another calendar
	them *originator
	now  func() time.Time

	mu      sync.Mutex
	offset  time.Duration
	changes []charging.Reservation
	logs    []string
}

func newWorld(t *testing.T, adjust func(*Options)) *world {
	t.Helper()
	w := &world{them: newOriginator()}
	w.now = func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return time.Now().Add(w.offset)
	}
	w.cal = newMemory(w.now)
	o := Options{
		Company: "MAR", Locations: testLocations(), Calendar: w.cal, Tickets: paper{}, Originators: w.them, Clock: w.now,
		OnChange: func(r charging.Reservation) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.changes = append(w.changes, r)
		},
		Log: func(message string, _ error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.logs = append(w.logs, message)
		},
	}
	if adjust != nil {
		adjust(&o)
	}
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.Desk = d
	return w
}

// run starts the desk's rounds and ends them with the test.
func (w *world) run(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.offset += d
}

func (w *world) seen() []charging.State {
	w.mu.Lock()
	defer w.mu.Unlock()
	var states []charging.State
	for _, r := range w.changes {
		states = append(states, r.State)
	}
	return states
}

func (w *world) logLines() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.logs)
}

func (w *world) logged() string { return strings.Join(w.logLines(), "\n") }

func id(n int) string {
	return "0190a0c0-0000-7000-8000-" + strconv.Itoa(100_000_000_000+n)
}

// request is for trip n: an hour, tomorrow.
func (w *world) request(n int) charging.HoldRequest {
	start := w.now().UTC().Truncate(time.Second).Add(24 * time.Hour)
	return charging.HoldRequest{
		Ref: charging.Ref{
			ID: charging.ReservationID(id(n)), TripID: charging.TripID(id(n + 5000)), Origin: "SER",
			EVSEID: evse1, End: start.Add(time.Hour), Epoch: 1,
		},
		Leg: 2, Start: start, VehicleID: "EV-0001",
	}
}

func (w *world) reserved(t *testing.T, h charging.HoldRequest) {
	t.Helper()
	if _, err := w.Reserve(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Confirm(t.Context(), h.Ref); err != nil {
		t.Fatal(err)
	}
}
