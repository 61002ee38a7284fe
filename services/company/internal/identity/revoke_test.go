package identity

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

var operator = Caller{Kind: Operator}

// registered is a vehicle of MAR, as MAR knows it.
func registered(t *testing.T, mar *company) (secret string, who Caller) {
	t.Helper()
	_, secret, err := mar.Register(t.Context(), Registration{Wish: "BR-MAR-EV-77", Model: "byd-dolphin"})
	if err != nil {
		t.Fatal(err)
	}
	if who, err = mar.Basic(t.Context(), "BR-MAR-EV-77", secret); err != nil {
		t.Fatal(err)
	}
	return secret, who
}

func (c *company) refuses(t *testing.T, why, secret string) {
	t.Helper()
	if who, err := c.Basic(t.Context(), "BR-MAR-EV-77", secret); charging.CodeOf(err) != charging.CodeUnauthenticated {
		t.Errorf("%s takes %s: %+v, %v", c.id, why, who, err)
	}
}

func (c *company) takes(t *testing.T, why, secret string) {
	t.Helper()
	if who, err := c.Basic(t.Context(), "BR-MAR-EV-77", secret); err != nil || who.Vehicle != "BR-MAR-EV-77" {
		t.Errorf("%s refuses %s: %v", c.id, why, err)
	}
}

func TestRevoke(t *testing.T) {
	for _, by := range []Kind{Operator, Vehicle} {
		t.Run(string(by), func(t *testing.T) {
			all := companies(t)
			mar, ser := all["MAR"], all["SER"]
			old, who := registered(t, mar)
			session, err := mar.OpenSession(t.Context(), who)
			if err != nil {
				t.Fatal(err)
			}
			ser.takes(t, "the first secret", old)
			caller := operator
			if by == Vehicle {
				caller = who
			}
			secret, err := mar.Revoke(t.Context(), caller, "BR-MAR-EV-77")
			if err != nil || secret == old {
				t.Fatalf("%v; the same secret: %v", err, secret == old)
			}
			mar.refuses(t, "the old secret", old)
			mar.takes(t, "the new one", secret)
			if _, err := mar.Session(t.Context(), session); charging.CodeOf(err) != charging.CodeUnauthenticated {
				t.Errorf("the old session: %v", err)
			}
			ser.takes(t, "what it has not heard about", old)
			ser.revoked.Add("MAR", mar.mem.published...)
			ser.refuses(t, "the old secret", old)
			ser.takes(t, "the new one", secret)

			// The answer was lost: the next one counts, and only that.
			again, err := mar.Revoke(t.Context(), operator, "BR-MAR-EV-77")
			if err != nil {
				t.Fatal(err)
			}
			mar.refuses(t, "the oldest secret", old)
			mar.refuses(t, "the lost one", secret)
			mar.takes(t, "the newest", again)
			if r := mar.mem.vehicles["BR-MAR-EV-77"]; !strings.Contains(r, "byd-dolphin") || strings.Contains(r, again) {
				t.Errorf("kept %s", r)
			}
		})
	}
}

// TestRevokeARecordOfBefore: the id of its token was not kept, the second when it
// was issued was.
func TestRevokeARecordOfBefore(t *testing.T) {
	all := companies(t)
	mar, ser := all["MAR"], all["SER"]
	old, _ := registered(t, mar)
	mar.mem.vehicles["BR-MAR-EV-77"] = `{"model":"byd-dolphin","at":"` + now.Format(time.RFC3339Nano) + `"}`
	*mar.clock, *ser.clock = now.Add(time.Hour), now.Add(time.Hour)
	secret, err := mar.Revoke(t.Context(), operator, "BR-MAR-EV-77")
	if err != nil {
		t.Fatal(err)
	}
	ser.revoked.Add("MAR", mar.mem.published...)
	for _, c := range []*company{mar, ser} {
		c.refuses(t, "the old secret", old)
		c.takes(t, "the new one", secret)
	}
	if len(mar.mem.published) != 1 || mar.mem.published[0] != "BR-MAR-EV-77@"+strconv.FormatInt(now.Add(time.Hour).Unix(), 10) {
		t.Errorf("published %v", mar.mem.published)
	}
}

func TestRevokeIsRefused(t *testing.T) {
	all := companies(t)
	mar, ser := all["MAR"], all["SER"]
	secret, who := registered(t, mar)
	if _, err := ser.Basic(t.Context(), "BR-MAR-EV-77", secret); err != nil {
		t.Fatal(err)
	}
	other := who
	other.Vehicle = "BR-MAR-EV-78"
	for name, c := range map[string]struct {
		at   *company
		who  Caller
		id   charging.VehicleID
		code charging.Code
		says string
	}{
		"another vehicle":    {mar, other, "BR-MAR-EV-77", charging.CodeForbidden, "its own secret only"},
		"a peer":             {mar, Caller{Kind: Peer, Peer: "SER"}, "BR-MAR-EV-77", charging.CodeForbidden, ""},
		"nobody":             {mar, Caller{Kind: Anybody}, "BR-MAR-EV-77", charging.CodeForbidden, ""},
		"unknown":            {mar, operator, "EV-99", charging.CodeInvalidField, "MAR knows no vehicle EV-99"},
		"a demo vehicle":     {mar, operator, "EV-0001", charging.CodeInvalidField, "configuration"},
		"a demo one itself":  {mar, Caller{Kind: Vehicle, Vehicle: "EV-0001"}, "EV-0001", charging.CodeInvalidField, "configuration"},
		"elsewhere":          {ser, operator, "BR-MAR-EV-77", charging.CodeInvalidField, "registered at MAR"},
		"elsewhere, its own": {ser, who, "BR-MAR-EV-77", charging.CodeInvalidField, "registered at MAR"},
	} {
		_, err := c.at.Revoke(t.Context(), c.who, c.id)
		var r *charging.Refusal
		text := ""
		if errors.As(err, &r) {
			text = r.Detail
			for _, f := range r.Fields {
				text += f.Reason
			}
		}
		if charging.CodeOf(err) != c.code || !strings.Contains(text, c.says) {
			t.Errorf("%s: %v (%s), want %s with %q", name, err, text, c.code, c.says)
		}
	}
	mar.takes(t, "what nobody has revoked", secret)
	if n := len(mar.mem.published) + len(ser.mem.published); n != 0 || mar.mem.bound["EV-99"] != "" {
		t.Errorf("%d published, EV-99 is bound to %q", n, mar.mem.bound["EV-99"])
	}
}

// TestRevokeAtTheSameTime: of two at once, one secret is left.
func TestRevokeAtTheSameTime(t *testing.T) {
	mar := companies(t)["MAR"]
	old, who := registered(t, mar)
	var quicker string
	mar.mem.meanwhile = func() {
		var err error
		if quicker, err = mar.Revoke(t.Context(), who, "BR-MAR-EV-77"); err != nil {
			t.Error(err)
		}
	}
	secret, err := mar.Revoke(t.Context(), operator, "BR-MAR-EV-77")
	if err != nil {
		t.Fatal(err)
	}
	mar.refuses(t, "the old secret", old)
	mar.refuses(t, "the quicker one", quicker)
	mar.takes(t, "the last", secret)
}

// TestRevokeStopsHalfWay: what was ended stays so, and a repeat gives the new
// secret.
func TestRevokeStopsHalfWay(t *testing.T) {
	mar := companies(t)["MAR"]
	old, _ := registered(t, mar)
	mar.mem.down = charging.CodeStoreUnavailable
	if _, err := mar.Revoke(t.Context(), operator, "BR-MAR-EV-77"); !errors.Is(err, charging.CodeStoreUnavailable) {
		t.Fatal(err)
	}
	mar.mem.down, mar.mem.published = nil, nil
	mar.mem.downToReplace = charging.CodeStoreUnavailable
	if _, err := mar.Revoke(t.Context(), operator, "BR-MAR-EV-77"); !errors.Is(err, charging.CodeStoreUnavailable) {
		t.Fatal(err)
	}
	mar.mem.downToReplace = nil
	mar.refuses(t, "the old secret", old)
	secret, err := mar.Revoke(t.Context(), operator, "BR-MAR-EV-77")
	if err != nil {
		t.Fatal(err)
	}
	mar.takes(t, "the new one", secret)
}

// TestRevokeWithoutARecord: a store that has lost it still believes the token.
func TestRevokeWithoutARecord(t *testing.T) {
	mar := companies(t)["MAR"]
	old, who := registered(t, mar)
	delete(mar.mem.vehicles, "BR-MAR-EV-77")
	if _, err := mar.Revoke(t.Context(), operator, "BR-MAR-EV-77"); charging.CodeOf(err) != charging.CodeInvalidField {
		t.Errorf("the operator cannot know which: %v", err)
	}
	secret, err := mar.Revoke(t.Context(), who, "BR-MAR-EV-77")
	if err != nil {
		t.Fatal(err)
	}
	mar.refuses(t, "the old secret", old)
	mar.takes(t, "the new one", secret)
	if _, err := mar.Revoke(t.Context(), operator, "BR-MAR-EV-77"); err != nil {
		t.Errorf("there is a record again: %v", err)
	}
}

// TestVehiclesCannotFillTheList: anybody can register a vehicle, so vehicles leave
// room to the operator, and the operator to other companies' memory.
func TestVehiclesCannotFillTheList(t *testing.T) {
	mar := companies(t)["MAR"]
	_, who := registered(t, mar)
	var names []string
	for i := range maxRevoked {
		names = append(names, strconv.Itoa(i))
	}
	mar.revoked.Add("MAR", names[:maxByVehicles]...)
	if _, err := mar.Revoke(t.Context(), who, "BR-MAR-EV-77"); charging.CodeOf(err) != charging.CodeRateLimited {
		t.Errorf("a vehicle: %v", err)
	}
	if _, err := mar.Revoke(t.Context(), operator, "BR-MAR-EV-77"); err != nil {
		t.Errorf("the operator: %v", err)
	}
	mar.revoked.Add("MAR", names...)
	if _, err := mar.Revoke(t.Context(), operator, "BR-MAR-EV-77"); charging.CodeOf(err) != charging.CodeRateLimited {
		t.Errorf("the operator, with a full list: %v", err)
	}
	if mar.revoked.Add("MAR", "one more") || mar.revoked.count("MAR") != maxRevoked {
		t.Errorf("remembers %d", mar.revoked.count("MAR"))
	}
}

func TestRevocationsAreRemembered(t *testing.T) {
	var r Revocations
	if r.Add("MAR") || !r.Add("MAR", "a", "b") || r.Add("MAR", "b") || !r.Add("MAR", "b", "c", "EV-9@7") || r.Add("MAR", "EV-9@6") || !r.Add("MAR", "EV-9@8") {
		t.Error("what is news")
	}
	got := r.Beyond("MAR", []string{"a", "x", "c", "EV-9@7"})
	slices.Sort(got)
	if !slices.Equal(got, []string{"EV-9@8", "b"}) || r.Beyond("SER", nil) != nil || r.Beyond("MAR", []string{"a", "b", "c", "EV-9@9"}) != nil {
		t.Errorf("a list without lacks %v", got)
	}
	login := func(issuer charging.CompanyID, id string) string {
		return Caller{Kind: Vehicle, Vehicle: "EV-77", Issuer: issuer, TokenID: id, Issued: 5}.Login()
	}
	r.Add("SER", "EV-77@5", "d e")
	r.Add("CAJ", "EV-77@4", "EV-77@x", "@5", "EV-78@9")
	for l, good := range map[string]bool{
		login("MAR", "a"): false, login("MAR", "c"): false, login("MAR", "d"): true, login("CAJ", "a"): true,
		login("SER", "anything"): false, "": true, "what?": true, operator.Login(): true,
	} {
		if r.StillGood(l) != good {
			t.Errorf("%q: %v", l, !good)
		}
	}
}

// What is on a company's list no more is forgotten once nothing of before can be good
// any more, and not earlier; token ids stay.
func TestRevocationsAreForgotten(t *testing.T) {
	var r Revocations
	old, recent := issuedThrough("EV-1", now.Add(-RevokedFor-time.Second).Unix()), issuedThrough("EV-2", now.Add(-RevokedFor+time.Second).Unix())
	if !r.Take("SER", []string{old, recent, "id"}, now) || r.count("SER") != 3 {
		t.Error("listed ones stay")
	}
	if r.Take("SER", nil, now) || r.count("SER") != 2 || len(r.Beyond("SER", []string{recent, "id"})) != 0 {
		t.Errorf("remembers %v", r.Beyond("SER", nil))
	}
}

// One vehicle takes one place in the list, and may do so five times a day; its operator
// helps it before, too.
func TestAVehicleRevokesAFewTimesADay(t *testing.T) {
	mar := companies(t)["MAR"]
	_, who := registered(t, mar)
	var secret string
	revoke := func() (err error) {
		if secret, err = mar.Revoke(t.Context(), who, "BR-MAR-EV-77"); err == nil {
			who, err = mar.Basic(t.Context(), "BR-MAR-EV-77", secret)
		}
		return err
	}
	for range ownRevokes {
		if err := revoke(); err != nil {
			t.Fatal(err)
		}
	}
	var r *charging.Refusal
	if err := revoke(); !errors.As(err, &r) || r.Code != charging.CodeRateLimited || r.RetryAfter != ownWithin || !strings.Contains(r.Detail, "2026-11-24T12:00:00Z") {
		t.Errorf("once more: %+v", r)
	}
	if n := mar.revoked.count("MAR"); n != 1 {
		t.Errorf("%d places", n)
	}
	*mar.clock = now.Add(ownWithin)
	if err := revoke(); err != nil {
		t.Errorf("the day after: %v", err)
	}
}

// A thief revokes the owner's secret, as often as it goes; the owner comes back through
// the company, and the thief is out.
func TestAnOwnerGetsBackIn(t *testing.T) {
	all := companies(t)
	mar, ser := all["MAR"], all["SER"]
	old, thief := registered(t, mar)
	var stolen string
	for range ownRevokes {
		var err error
		if stolen, err = mar.Revoke(t.Context(), thief, "BR-MAR-EV-77"); err != nil {
			t.Fatal(err)
		}
		if thief, err = mar.Basic(t.Context(), "BR-MAR-EV-77", stolen); err != nil {
			t.Fatal(err)
		}
	}
	mar.refuses(t, "the owner's", old)
	ser.takes(t, "the thief's", stolen)
	secret, err := mar.Revoke(t.Context(), operator, "BR-MAR-EV-77")
	if err != nil {
		t.Fatal(err)
	}
	ser.revoked.Take("MAR", mar.mem.published, now)
	for _, c := range []*company{mar, ser} {
		c.refuses(t, "the thief's", stolen)
		c.takes(t, "the owner's new one", secret)
	}
	who, err := mar.Basic(t.Context(), "BR-MAR-EV-77", secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mar.Revoke(t.Context(), who, "BR-MAR-EV-77"); err != nil {
		t.Errorf("the thief has used the owner's times up: %v", err)
	}
}

// Another server of the company, which has not heard and knows the old secret, looks at
// the record within minutes, and forgets nothing with the list.
func TestTheRecordTells(t *testing.T) {
	all := companies(t)
	mar := all["MAR"]
	o := mar.o
	o.Revoked = &Revocations{}
	other, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	old, who := registered(t, mar)
	if _, err := other.Basic(t.Context(), "BR-MAR-EV-77", old); err != nil {
		t.Fatal(err)
	}
	if _, err := mar.Revoke(t.Context(), who, "BR-MAR-EV-77"); err != nil {
		t.Fatal(err)
	}
	*mar.clock = now.Add(recheck)
	if _, err := other.Basic(t.Context(), "BR-MAR-EV-77", old); charging.CodeOf(err) != charging.CodeUnauthenticated {
		t.Errorf("the old secret: %v", err)
	}
	*mar.clock = now.Add(2 * RevokedFor)
	mar.revoked.Take("MAR", nil, *mar.clock)
	mar.refuses(t, "the old secret, when the list is empty", old)
}

// TestARecordIsReadByBoth: editions before this one read model and at.
func TestARecordIsReadByBoth(t *testing.T) {
	mar := companies(t)["MAR"]
	_, who := registered(t, mar)
	var r map[string]any
	if err := json.Unmarshal([]byte(mar.mem.vehicles["BR-MAR-EV-77"]), &r); err != nil {
		t.Fatal(err)
	}
	want := []string{now.Format(time.RFC3339Nano), "byd-dolphin", who.TokenID}
	for n, field := range []string{"at", "model", "token_id"} {
		if r[field] != want[n] {
			t.Errorf("%s is %v, want %s", field, r[field], want[n])
		}
	}
}
