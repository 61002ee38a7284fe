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

// The fault: a stamp of 1970 with an end in 2100 is older than everybody.
func TestAStampIsNoOlderThanTheLifeThatIsAccepted(t *testing.T) {
	w := newWorld(t, nil)
	honest := w.request(1)
	honest.Ticket = paperTicket(t, honest.TripID, time.Now().Add(-5*time.Minute), time.Now().Add(5*time.Minute))
	if _, err := w.Claim(t.Context(), honest); err != nil {
		t.Fatal(err)
	}
	cheat := w.request(2)
	cheat.Ticket = paperTicket(t, cheat.TripID, time.UnixMicro(1), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
	for range 2 { // the second from memory
		if _, err := w.Claim(t.Context(), cheat); !errors.Is(err, charging.CodeTicketInvalid) || !strings.Contains(err.Error(), "longer than the 10m0s") {
			t.Errorf("claim with a stamp of 1970: %v, want TICKET_INVALID, and by how much", err)
		}
	}
	if res, err := w.Reserve(t.Context(), honest); err != nil || res.State != charging.Pending {
		t.Errorf("the honest hold: %s, %v", res.State, err)
	}
}

// The faults: an edge that is off by the issuer's offset, one that trusts an offset
// without bound, one that holds the own tickets to another rule.
func TestStampsAtTheEdgesOfTheIssuersClock(t *testing.T) {
	const life, skew, ms = charging.TicketLife, 2 * time.Second, time.Millisecond
	now := time.Now().Truncate(time.Microsecond)
	for name, tt := range map[string]struct {
		issuer charging.CompanyID
		ahead  time.Duration
	}{
		"not measured": {"CAJ", 0}, "ahead": {"CAJ", 1500 * ms}, "behind": {"CAJ", -1500 * ms},
		"said to be an hour ahead": {"CAJ", time.Hour}, "said to be an hour behind": {"CAJ", -time.Hour}, "the own": {"MAR", time.Hour},
	} {
		caught := 0
		w := newWorld(t, func(o *Options) {
			o.Now = func() time.Time { return now }
			o.Ahead = func(charging.CompanyID) time.Duration { return tt.ahead }
			o.Caught = func(who charging.CompanyID, what string) {
				if caught++; who != tt.issuer || what == "" {
					t.Errorf("%s: caught %s: %q", name, who, what)
				}
			}
		})
		theirs := now.Add(min(max(tt.ahead, -skew), skew))
		if tt.issuer == "MAR" {
			theirs = now
		}
		n := 0
		for granted, code := range map[time.Time]charging.Code{
			theirs.Add(skew): "", theirs.Add(skew + ms): charging.CodeTicketInvalid,
			theirs.Add(-life - skew): "", theirs.Add(-life - skew - ms): charging.CodeTicketInvalid,
		} {
			n++
			h := w.request(n)
			token, err := paper{}.Issue(charging.Ticket{
				TripID: h.TripID, Origin: h.Origin, Issuer: tt.issuer, GrantedAt: itoa(granted.UnixMicro()), Expires: now.Add(time.Hour),
			}, "key-1")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.tickets.verify(t.Context(), token, h.TripID, h.Origin); charging.CodeOf(err) != code {
				t.Errorf("%s, dated %s from its clock: %v, want %q", name, granted.Sub(theirs), err, code)
			}
		}
		if caught != 2 {
			t.Errorf("%s: caught %d times, want twice", name, caught)
		}
	}
}

// The faults: a trip that chooses at each EVSE the stamp that wins there; one whose
// issuer names another reservation under the same stamp.
func TestATripHasOneStamp(t *testing.T) {
	for name, second := range map[string]func(*charging.Ticket){
		"another time": func(k *charging.Ticket) { k.GrantedAt = itoa(time.Now().Add(-time.Minute).UnixMicro()) }, "another issuer": func(k *charging.Ticket) { k.Issuer = "MAR" },
		"another first stop": func(k *charging.Ticket) { k.ReservationID = charging.ReservationID(id(9)) },
	} {
		var caught []string
		w := newWorld(t, func(o *Options) {
			o.Caught = func(who charging.CompanyID, what string) { caught = append(caught, string(who)+": "+what) }
		})
		one, two := w.shifted(1, 0), w.shifted(2, 1)
		two.TripID = one.TripID
		ticket := charging.Ticket{
			TripID: one.TripID, Origin: "SER", Issuer: "CAJ", GrantedAt: itoa(time.Now().UnixMicro()), ReservationID: charging.ReservationID(id(8)), Expires: time.Now().Add(time.Minute),
		}
		for _, h := range []*charging.HoldRequest{&one, &two} {
			token, err := paper{}.Issue(ticket, "key-1")
			if err != nil {
				t.Fatal(err)
			}
			h.Ticket = token
			second(&ticket)
		}
		for range 2 { // a replay of the first is none
			if _, err := w.Claim(t.Context(), one); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if _, err := w.Claim(t.Context(), two); !errors.Is(err, charging.CodeTicketInvalid) {
			t.Errorf("%s: %v, want TICKET_INVALID", name, err)
		}
		if len(caught) != 1 || !strings.HasPrefix(caught[0], "SER: ") {
			t.Errorf("%s: caught %q, want the originator, once", name, caught)
		}
	}
}

// A server that has not seen the first ticket: the script remembers it.
func TestTheScriptKnowsATripsStamp(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world, _ string) {
		one, two := w.shifted(1, 0), w.shifted(2, 1)
		two.TripID, two.EVSEID = one.TripID, evse2
		one.Ticket = paperTicket(t, one.TripID, time.Now(), time.Now().Add(time.Minute))
		two.Ticket = paperTicket(t, one.TripID, time.Now().Add(-time.Minute), time.Now().Add(time.Minute))
		if _, err := w.Claim(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		w.tickets.shownStamps = verified{}
		if _, err := w.Claim(t.Context(), two); !errors.Is(err, charging.CodeTicketInvalid) {
			t.Errorf("%v, want TICKET_INVALID", err)
		}
		two.Ticket = ""
		if _, err := w.Reserve(t.Context(), two); err != nil {
			t.Errorf("without a ticket: %v", err)
		}
	})
}

// A trip under way whose ticket is spent keeps what it holds: the fault is a renew or a
// confirm that asks for the ticket again, or a repeat without it that loses the claim.
func TestASpentTicketUndoesNoHold(t *testing.T) {
	now := time.Now()
	w := newWorld(t, func(o *Options) { o.Now = func() time.Time { return now } })
	h := w.request(1)
	h.Ticket = paperTicket(t, h.TripID, now, now.Add(time.Hour))
	if _, err := w.Claim(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	now = now.Add(charging.TicketLife + time.Minute)
	if _, err := w.Reserve(t.Context(), h); !errors.Is(err, charging.CodeTicketInvalid) {
		t.Errorf("reserve with the spent ticket: %v", err)
	}
	if _, err := w.Renew(t.Context(), h.Ref, time.Minute); err != nil {
		t.Errorf("renew: %v", err)
	}
	h.Ticket = ""
	if res, err := w.Reserve(t.Context(), h); err != nil || res.State != charging.Pending {
		t.Errorf("reserve without it: %s, %v", res.State, err)
	}
	if _, err := w.Confirm(t.Context(), h.Ref); err != nil {
		t.Errorf("confirm: %v", err)
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
