package desk

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// counted counts verifications and can fail them.
type counted struct {
	paper
	n   int
	err error
}

func (c *counted) Verify(ctx context.Context, token string, trip charging.TripID, origin charging.CompanyID, now time.Time) (charging.Ticket, error) {
	c.n++
	if c.err != nil {
		return charging.Ticket{}, c.err
	}
	return c.paper.Verify(ctx, token, trip, origin, now)
}

func TestTicketAge(t *testing.T) {
	now := time.Now()
	w := newWorld(t, func(o *Options) { o.Now = func() time.Time { return now } })
	for name, tt := range map[string]struct {
		granted time.Duration
		code    charging.Code
	}{
		"a minute old":            {-time.Minute, ""},
		"within the skew allowed": {1900 * time.Millisecond, ""},
		"from the future":         {2100 * time.Millisecond, charging.CodeTicketInvalid},
	} {
		h := w.request(1)
		h.Ticket = paperTicket(t, h.TripID, now.Add(tt.granted), now.Add(charging.TicketLife))
		_, err := w.verify(t.Context(), h.Ticket, h.TripID, h.Origin)
		if charging.CodeOf(err) != tt.code {
			t.Errorf("%s: %v, want %q", name, err, tt.code)
		}
	}
}

func TestTicketStampMustBeCanonical(t *testing.T) {
	w := newWorld(t, nil)
	h := w.request(1)
	for _, stamp := range []string{"", "0123", "1e15", "-5", " 5", "1.5", "9223372036854775808"} {
		token, err := paper{}.Issue(charging.Ticket{
			TripID: h.TripID, Origin: "SER", Issuer: "CAJ", GrantedAt: stamp, Expires: time.Now().Add(time.Minute),
		}, "key-1")
		if err != nil {
			t.Fatal(err)
		}
		h.Ticket = token
		if _, err := w.Claim(t.Context(), h); !errors.Is(err, charging.CodeTicketInvalid) {
			t.Errorf("granted_at %q: %v, want TICKET_INVALID", stamp, err)
		}
	}
}

func TestAnOldStampIsAudited(t *testing.T) {
	w := newWorld(t, nil)
	h := w.request(1)
	h.Ticket = paperTicket(t, h.TripID, time.Now().Add(-time.Hour), time.Now().Add(time.Minute))
	for range 2 {
		if _, err := w.Claim(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.logged(); !strings.HasPrefix(got, "audit: ") || strings.Contains(got, "\n") {
		t.Errorf("log %q, want one line of audit", got)
	}
}

func TestTicketOfASkewedIssuer(t *testing.T) {
	skewed := charging.CompanyID("CAJ")
	w := newWorld(t, func(o *Options) { o.Skewed = func(c charging.CompanyID) bool { return c == skewed } })
	h := w.request(1)
	h.Ticket = paperTicket(t, h.TripID, time.Now(), time.Now().Add(time.Minute))
	if _, err := w.Claim(t.Context(), h); !errors.Is(err, charging.CodeTicketInvalid) {
		t.Errorf("claim: %v, want TICKET_INVALID", err)
	}
	skewed = ""
	if _, err := w.Claim(t.Context(), h); err != nil {
		t.Errorf("claim once the clock is right again: %v", err)
	}
}

func TestTicketIsVerifiedOnceButNeverTrustedLonger(t *testing.T) {
	now := time.Now()
	check := &counted{}
	w := newWorld(t, func(o *Options) { o.Tickets, o.Now = check, func() time.Time { return now } })
	h := w.request(1)
	h.Ticket = paperTicket(t, h.TripID, now, now.Add(time.Minute))
	for range 3 {
		if _, err := w.Claim(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	if check.n != 1 {
		t.Errorf("verified %d times, want once", check.n)
	}
	theirs := w.request(2)
	theirs.Ticket = h.Ticket
	if _, err := w.Claim(t.Context(), theirs); !errors.Is(err, charging.CodeTicketInvalid) {
		t.Errorf("shown by another trip: %v", err)
	}
	now = now.Add(time.Minute)
	if _, err := w.Claim(t.Context(), h); !errors.Is(err, charging.CodeTicketInvalid) {
		t.Errorf("shown after its end: %v", err)
	}
}

func TestTicketWhoseKeysCannotBeHad(t *testing.T) {
	away := errors.New("dial: refused")
	w := newWorld(t, func(o *Options) { o.Tickets = &counted{err: away} })
	h := w.request(1)
	h.Ticket = "x"
	_, err := w.Claim(t.Context(), h)
	if !errors.Is(err, charging.CodePeerUnavailable) || !errors.Is(err, away) {
		t.Errorf("claim: %v; want PEER_UNAVAILABLE, so that it is repeated", err)
	}
}

func TestVerifiedIsBounded(t *testing.T) {
	var v verified
	for i := range 3 * verifiedGeneration {
		v.put(strconv.Itoa(i), charging.Ticket{})
	}
	if n := len(v.new) + len(v.old); n > 2*verifiedGeneration {
		t.Errorf("%d tickets are remembered", n)
	}
	if _, ok := v.get(strconv.Itoa(3*verifiedGeneration - 1)); !ok {
		t.Error("the newest is forgotten")
	}
}
