package identity

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func refused(err error) bool { return charging.CodeOf(err) == charging.CodeUnauthenticated }

// passFor is what MAR gives its vehicle for another company.
func passFor(t *testing.T, mar *company, who Caller, audience charging.CompanyID) string {
	t.Helper()
	token, expires, err := mar.Pass(who, who.Vehicle, audience)
	if err != nil || expires.Sub(*mar.clock) > passLife {
		t.Fatal(expires, err)
	}
	return token
}

// A pass is good at one company, until it ends, and for nothing but to be known there.
func TestAPass(t *testing.T) {
	all := companies(t)
	mar, ser, caj := all["MAR"], all["SER"], all["CAJ"]
	_, who := registered(t, mar)
	pass := passFor(t, mar, who, "SER")
	ser.takes(t, "a pass for it", pass)
	if ser.issuers.count() != 0 {
		t.Error("a pass needs nobody's word")
	}
	for name, c := range map[string]*company{"another company": caj, "its issuer": mar} {
		if who, err := c.Basic(t.Context(), "BR-MAR-EV-77", pass); !refused(err) {
			t.Errorf("%s takes it for %+v, %v", name, who, err)
		}
	}
	if _, _, err := mar.Exchange(t.Context(), "CAJ", "BR-MAR-EV-77", pass); charging.CodeOf(err) != charging.CodeForbidden {
		t.Errorf("a pass for a pass: %v", err)
	}
	there, err := ser.Basic(t.Context(), "BR-MAR-EV-77", pass)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ser.Pass(there, "BR-MAR-EV-77", "CAJ"); charging.CodeOf(err) != charging.CodeInvalidField {
		t.Errorf("a pass made elsewhere: %v", err)
	}
	*ser.clock = now.Add(passLife)
	ser.refuses(t, "a pass that has ended", pass)
}

func TestWhoGetsAPass(t *testing.T) {
	mar := companies(t)["MAR"]
	_, who := registered(t, mar)
	for name, c := range map[string]struct {
		who      Caller
		id       charging.VehicleID
		audience charging.CompanyID
		code     charging.Code
	}{
		"another vehicle's":    {who, "BR-MAR-EV-78", "SER", charging.CodeForbidden},
		"the operator":         {operator, "BR-MAR-EV-77", "SER", charging.CodeForbidden},
		"nobody":               {Caller{Kind: Anybody}, "BR-MAR-EV-77", "SER", charging.CodeForbidden},
		"of the configuration": {Caller{Kind: Vehicle, Vehicle: "EV-0001"}, "EV-0001", "SER", charging.CodeInvalidField},
		"for its own company":  {who, "BR-MAR-EV-77", "MAR", charging.CodeInvalidField},
		"for nobody":           {who, "BR-MAR-EV-77", "mar", charging.CodeInvalidField},
	} {
		if _, _, err := mar.Pass(c.who, c.id, c.audience); charging.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The forger signs passes as its own issuer would not.
func TestAPassIsJudged(t *testing.T) {
	all := companies(t)
	good := vehicleClaims{
		Issuer: "MAR", Vehicle: "BR-MAR-EV-77", Audience: "SER", TokenID: "j", Issued: now.Unix(), Expires: now.Add(passLife).Unix(), Type: vehicleType,
	}
	for name, change := range map[string]func(*vehicleClaims){
		"":                  func(*vehicleClaims) {},
		"too long":          func(c *vehicleClaims) { c.Expires++ },
		"of later":          func(c *vehicleClaims) { c.Issued += 120; c.Expires += 120 },
		"ended":             func(c *vehicleClaims) { c.Issued -= 3600; c.Expires -= 3600 },
		"without an end":    func(c *vehicleClaims) { c.Expires = 0 },
		"for ever":          func(c *vehicleClaims) { c.Expires = 1 << 62 },
		"of before 1970":    func(c *vehicleClaims) { c.Issued = -1 },
		"for no company":    func(c *vehicleClaims) { c.Audience = "ser" },
		"another's vehicle": func(c *vehicleClaims) { c.Vehicle = "BR-CAJ-EV-77" },
	} {
		c := good
		change(&c)
		token, err := all["MAR"].keys.sign(c, jwsHeader{KeyID: all["MAR"].keys.KeyID(), Type: vehicleType})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := all["SER"].Basic(t.Context(), string(c.Vehicle), token); (err == nil) != (name == "") || err != nil && !refused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A secret is exchanged once, and the pass goes on while the issuer is away; without
// one nobody knows.
func TestASecretIsExchangedOnce(t *testing.T) {
	all := companies(t)
	mar, ser := all["MAR"], all["SER"]
	secret, _ := registered(t, mar)
	ser.issuers.set(func(i *issuers) { i.err = errDown })
	if _, err := ser.Basic(t.Context(), "BR-MAR-EV-77", secret); charging.CodeOf(err) != charging.CodePeerUnavailable {
		t.Errorf("the issuer is away: %v", err)
	}
	ser.issuers.set(func(i *issuers) { i.err, i.lost = nil, true })
	if _, err := ser.Basic(t.Context(), "BR-MAR-EV-77", secret); charging.CodeOf(err) != charging.CodePeerUnavailable {
		t.Errorf("the answer is lost: %v", err)
	}
	for range 3 {
		ser.takes(t, "its secret", secret)
	}
	if n := ser.issuers.count(); n != 3 {
		t.Errorf("asked %d times", n)
	}
	ser.issuers.set(func(i *issuers) { i.err = errDown })
	*ser.clock = now.Add(passLife - time.Second)
	ser.takes(t, "its secret, while the pass is good", secret)
	*ser.clock = now.Add(passLife)
	if _, err := ser.Basic(t.Context(), "BR-MAR-EV-77", secret); charging.CodeOf(err) != charging.CodePeerUnavailable {
		t.Errorf("the pass has ended: %v", err)
	}
	ser.issuers.set(func(i *issuers) { i.err = nil })
	*mar.clock = *ser.clock
	ser.takes(t, "its secret, when the issuer is back", secret)
}

// Many who come with one pair at once make one question, and no other pair waits.
func TestOneExchangeAtATime(t *testing.T) {
	all := companies(t)
	mar, ser := all["MAR"], all["SER"]
	secret, _ := registered(t, mar)
	goOn := make(chan struct{})
	ser.issuers.set(func(i *issuers) { i.pause = goOn })
	var came, done sync.WaitGroup
	came.Add(10)
	for range 10 {
		done.Go(func() {
			came.Done()
			if _, err := ser.Basic(t.Context(), "BR-MAR-EV-77", secret); err != nil {
				t.Error(err)
			}
		})
	}
	came.Wait()
	close(goOn)
	done.Wait()
	// Who came after the answer finds it remembered; who came before shared it.
	if n := ser.issuers.count(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// Guessing does not reach the issuer: what it has not signed never, and what it has
// ended once in half a minute.
func TestGuessingDoesNotFloodTheIssuer(t *testing.T) {
	all := companies(t)
	mar, ser := all["MAR"], all["SER"]
	old, who := registered(t, mar)
	if _, err := mar.Revoke(t.Context(), who, "BR-MAR-EV-77"); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		ser.refuses(t, "a guess", old+"x")
		ser.refuses(t, "a guess", "secret")
	}
	if n := ser.issuers.count(); n != 0 {
		t.Errorf("asked %d times about guesses", n)
	}
	for range 5 {
		ser.refuses(t, "an old secret", old)
	}
	if n := ser.issuers.count(); n != 1 {
		t.Errorf("asked %d times about an old secret", n)
	}
	*ser.clock = now.Add(wrongFor)
	ser.refuses(t, "an old secret", old)
	if n := ser.issuers.count(); n != 2 {
		t.Errorf("asked %d times, half a minute later", n)
	}
}

func answering(token string, err error) Exchange {
	return func(context.Context, charging.CompanyID, charging.VehicleID, string) (string, error) {
		return token, err
	}
}

// An issuer's word is no more than a pass for this company and that vehicle.
func TestAWrongAnswerIsNoPass(t *testing.T) {
	all := companies(t)
	mar, ser := all["MAR"], all["SER"]
	secret, who := registered(t, mar)
	for name, token := range map[string]string{
		"for another company": passFor(t, mar, who, "CAJ"), "the secret itself": secret, "rubbish": "x",
		"of another vehicle": func() string {
			id, s, err := mar.Register(t.Context(), Registration{Wish: "EV-78", Model: "m"})
			if err != nil {
				t.Fatal(err)
			}
			other, err := mar.Basic(t.Context(), string(id), s)
			if err != nil {
				t.Fatal(err)
			}
			return passFor(t, mar, other, "SER")
		}(),
	} {
		ser.o.Exchange = answering(token, nil)
		if _, err := ser.Basic(t.Context(), "BR-MAR-EV-77", secret); charging.CodeOf(err) != charging.CodePeerUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Whose secrets say no audience is of an edition without passes, perhaps.
	none := charging.Refuse(charging.CodeUnknownRoute, "no such route")
	ser.o.Exchange = answering("", none)
	if _, err := ser.Basic(t.Context(), "BR-MAR-EV-77", secret); charging.CodeOf(err) != charging.CodePeerUnavailable {
		t.Errorf("an issuer that makes secrets with an end has passes: %v", err)
	}
	ser.takes(t, "a secret of an edition without passes", signedFor(t, mar, "BR-MAR-EV-77"))
	ser.o.Exchange = answering("", errors.New("no answer"))
	if _, err := ser.Basic(t.Context(), "BR-MAR-EV-78", signedFor(t, mar, "BR-MAR-EV-78")); charging.CodeOf(err) != charging.CodePeerUnavailable {
		t.Errorf("without its issuer's word: %v", err)
	}
}

// A secret has an end, at its issuer and elsewhere.
func TestASecretEnds(t *testing.T) {
	all := companies(t)
	mar, ser := all["MAR"], all["SER"]
	secret, _ := registered(t, mar)
	*mar.clock, *ser.clock = now.Add(secretLife-time.Second), now.Add(secretLife-time.Second)
	mar.takes(t, "a secret that has not ended", secret)
	*mar.clock, *ser.clock = now.Add(secretLife+recheck), now.Add(secretLife+recheck)
	mar.refuses(t, "a secret that has ended", secret)
	ser.refuses(t, "a secret that has ended", secret)
	if ser.issuers.count() != 0 {
		t.Error("asked about it")
	}
}

// A peer gets passes by a vehicle's secret, and only for vehicles of this company's.
func TestExchange(t *testing.T) {
	all := companies(t)
	mar := all["MAR"]
	secret, _ := registered(t, mar)
	id, other, err := all["CAJ"].Register(t.Context(), Registration{Wish: "EV-1", Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		id     charging.VehicleID
		secret string
		code   charging.Code
	}{
		"":                       {"BR-MAR-EV-77", secret, ""},
		"a wrong secret":         {"BR-MAR-EV-77", secret + "x", charging.CodeForbidden},
		"another vehicle's":      {"BR-MAR-EV-78", secret, charging.CodeForbidden},
		"another company's":      {id, other, charging.CodeForbidden},
		"of the configuration":   {"EV-0001", "demo", charging.CodeForbidden},
		"the operator's":         {"operator", "demo", charging.CodeForbidden},
		"no secret of a vehicle": {"BR-MAR-EV-77", "", charging.CodeForbidden},
	} {
		if _, _, err := mar.Exchange(t.Context(), "SER", c.id, c.secret); charging.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if mar.issuers.count() != 0 {
		t.Error("somebody else was asked")
	}
}
