package identity

import (
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Each identity sees and ends its own sessions, by ids that open nothing: another's id
// ends nothing, and a session that has ended is nobody's.
func TestSessionsAreListedAndEnded(t *testing.T) {
	mar, ctx := companies(t)["MAR"], t.Context()
	mine, theirs := Caller{Kind: Vehicle, Vehicle: "EV-0001"}, Caller{Kind: Vehicle, Vehicle: "EV-0002"}
	cookies := map[Caller][]string{}
	for _, c := range []Caller{mine, mine, theirs, {Kind: Operator}} {
		cookie, err := mar.OpenSession(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		cookies[c] = append(cookies[c], cookie)
	}
	listed := func(c Caller, want ...string) {
		t.Helper()
		got, err := mar.Sessions(ctx, c)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%+v of %+v, %v", got, c, err)
		}
		for _, s := range got {
			if !strings.Contains(strings.Join(want, " "), s.ID) || s.Until.Sub(s.Opened) != mar.SessionLife() {
				t.Errorf("%+v of %+v", s, c)
			}
			if _, err := mar.Session(ctx, s.ID); charging.CodeOf(err) != charging.CodeUnauthenticated {
				t.Errorf("the shown id opens something: %v", err)
			}
		}
	}
	first, second := SessionID(cookies[mine][0]), SessionID(cookies[mine][1])
	listed(mine, first, second)
	listed(theirs, SessionID(cookies[theirs][0]))
	listed(Caller{Kind: Operator}, SessionID(cookies[Caller{Kind: Operator}][0]))
	for range 2 { // a repeat is no error
		if err := mar.EndSession(ctx, mine, first); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := mar.Session(ctx, cookies[mine][0]); charging.CodeOf(err) != charging.CodeUnauthenticated {
		t.Errorf("an ended session: %v", err)
	}
	if err := mar.EndSession(ctx, theirs, second); err != nil {
		t.Fatal(err)
	}
	if _, err := mar.Session(ctx, cookies[mine][1]); err != nil {
		t.Errorf("another ended it: %v", err)
	}
	listed(mine, second)
	for _, c := range []Caller{{Kind: Anybody}, {Kind: Peer, Peer: "SER"}} {
		if got, err := mar.Sessions(ctx, c); err == nil {
			t.Errorf("%+v for %+v", got, c)
		}
	}
}

// What a revocation has ended is no open session.
func TestRevokedSessionsAreNotListed(t *testing.T) {
	mar := companies(t)["MAR"]
	_, who := registered(t, mar)
	if _, err := mar.OpenSession(t.Context(), who); err != nil {
		t.Fatal(err)
	}
	if got, err := mar.Sessions(t.Context(), who); err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	if _, err := mar.Revoke(t.Context(), operator, who.Vehicle); err != nil {
		t.Fatal(err)
	}
	if got, err := mar.Sessions(t.Context(), who); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}
