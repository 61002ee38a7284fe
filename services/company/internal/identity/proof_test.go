package identity

import (
	"errors"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// at gives whom a company knows by what a vehicle of MAR shows, and fails where it does
// not.
func (c *company) at(t *testing.T, secret string) Caller {
	t.Helper()
	who, err := c.Basic(t.Context(), "BR-MAR-EV-77", secret)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

func vouches(t *testing.T, c *company, who Caller, to charging.CompanyID) string {
	t.Helper()
	proof, err := c.Vouch(who, to)
	if err != nil || proof == "" {
		t.Fatalf("%s vouches to %s: %q, %v", c.id, to, proof, err)
	}
	return proof
}

// A vehicle that has shown its secret or a pass is believed through that company
// wherever it asks. It fails where a company cannot show what a vehicle has asked it.
func TestAProof(t *testing.T) {
	all := companies(t)
	mar, ser, caj := all["MAR"], all["SER"], all["CAJ"]
	secret, atMAR := registered(t, mar)
	for name, c := range map[string]struct {
		by  *company
		who Caller
	}{
		"a secret of its own":      {mar, atMAR},
		"a secret of another's":    {ser, ser.at(t, secret)},
		"a pass":                   {ser, ser.at(t, passFor(t, mar, atMAR, "SER"))},
		"one of the configuration": {ser, Caller{Kind: Vehicle, Vehicle: "EV-0001"}},
	} {
		for _, to := range []*company{mar, caj} {
			if to == c.by {
				continue
			}
			got, err := to.OnBehalf(t.Context(), c.by.id, c.who.Vehicle, vouches(t, c.by, c.who, to.id))
			if err != nil || got.Kind != Vehicle || got.Vehicle != c.who.Vehicle || got.Via != c.by.id {
				t.Errorf("%s, shown by %s to %s: %+v, %v", name, c.by.id, to.id, got, err)
			}
			if _, err := to.Vouch(got, "SER"); !errors.Is(err, ErrNoProof) {
				t.Errorf("%s is passed on twice: %v", name, err)
			}
		}
	}
	if _, err := mar.Vouch(operator, "SER"); !errors.Is(err, ErrNoProof) {
		t.Errorf("the operator is vouched for: %v", err)
	}
}

// What a company is shown for a vehicle is of no use to it, nor where it came from. It
// fails where a proof is taken for a secret, a pass or a company's token.
func TestAProofIsNoCredential(t *testing.T) {
	all := companies(t)
	mar, ser := all["MAR"], all["SER"]
	secret, atMAR := registered(t, mar)
	for name, proof := range map[string]string{
		"of a secret": vouches(t, ser, ser.at(t, secret), "CAJ"), "of the issuer": vouches(t, mar, atMAR, "CAJ"),
	} {
		for _, c := range all {
			if who, err := c.Basic(t.Context(), "BR-MAR-EV-77", proof); !refused(err) {
				t.Errorf("%s, at %s: %+v, %v", name, c.id, who, err)
			}
			if who, err := c.Authenticate(t.Context(), "Bearer "+proof, ""); !refused(err) {
				t.Errorf("%s as a company's token, at %s: %+v, %v", name, c.id, who, err)
			}
			if _, _, err := mar.Exchange(t.Context(), c.id, "BR-MAR-EV-77", proof); charging.CodeOf(err) != charging.CodeForbidden {
				t.Errorf("%s is changed for a pass of %s: %v", name, c.id, err)
			}
		}
	}
}

// Whoever shows what is another company's, another vehicle's, of another type or his own
// word is not believed. Each line fails where what it names is not looked at.
func TestProofsOfOthers(t *testing.T) {
	all := companies(t)
	mar, ser, caj := all["MAR"], all["SER"], all["CAJ"]
	secret, atMAR := registered(t, mar)
	atSER := ser.at(t, secret)
	good := vouches(t, ser, atSER, "CAJ")
	forged, err := ser.prove(Caller{Vehicle: "BR-MAR-EV-77", TokenID: "j"}, "SER", now.Unix(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	mac := func(id charging.VehicleID, from, to charging.CompanyID) string {
		text, err := ser.configured(id, from, to, now.Unix())
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, c := range map[string]struct {
		peer  charging.CompanyID
		id    charging.VehicleID
		proof string
	}{
		"good":                         {"SER", "BR-MAR-EV-77", good},
		"another company's":            {"MAR", "BR-MAR-EV-77", good},
		"the issuer's own":             {"SER", "BR-MAR-EV-77", vouches(t, mar, atMAR, "CAJ")},
		"another vehicle's":            {"SER", "BR-MAR-EV-78", good},
		"of who did not register it":   {"SER", "BR-MAR-EV-77", forged},
		"a pass":                       {"SER", "BR-MAR-EV-77", passFor(t, mar, atMAR, "SER")},
		"a secret":                     {"SER", "BR-MAR-EV-77", secret},
		"nothing":                      {"SER", "BR-MAR-EV-77", ""},
		"the operator":                 {"SER", "operator", good},
		"good, configured":             {"SER", "EV-0001", mac("EV-0001", "SER", "CAJ")},
		"configured, to another":       {"SER", "EV-0001", mac("EV-0001", "SER", "MAR")},
		"configured, of another":       {"MAR", "EV-0001", mac("EV-0001", "SER", "CAJ")},
		"configured, a company's word": {"SER", "EV-0001", "demo"},
	} {
		_, err := caj.OnBehalf(t.Context(), c.peer, c.id, c.proof)
		if ok := name == "good" || name == "good, configured"; ok != (err == nil) || !ok && !refused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ser.configured("EV-0002", "SER", "CAJ", now.Unix()); !errors.Is(err, ErrNoProof) {
		t.Errorf("a vehicle that is configured nowhere is vouched for: %v", err)
	}
}

// A proof ends with its pass, or after a session for who showed his secret, and with a
// revocation at once. It fails where what was shown once is good for ever.
func TestAProofEnds(t *testing.T) {
	all := companies(t)
	mar, ser, caj := all["MAR"], all["SER"], all["CAJ"]
	secret, atMAR := registered(t, mar)
	long, short := ser.at(t, secret), ser.at(t, passFor(t, mar, atMAR, "SER"))
	proofs := map[string]string{
		"of a pass": vouches(t, ser, short, "CAJ"), "of a secret": vouches(t, ser, long, "CAJ"),
		"configured": vouches(t, ser, Caller{Kind: Vehicle, Vehicle: "EV-0001"}, "CAJ"),
	}
	for name, life := range map[string]time.Duration{"of a pass": passLife, "of a secret": proofOfSecret, "configured": proofShown + time.Second} {
		id := charging.VehicleID("BR-MAR-EV-77")
		if name == "configured" {
			id = "EV-0001"
		}
		for _, c := range []struct {
			at time.Duration
			ok bool
		}{{life - time.Second, true}, {life, false}} {
			*caj.clock = now.Add(c.at)
			if _, err := caj.OnBehalf(t.Context(), "SER", id, proofs[name]); (err == nil) != c.ok || err != nil && !refused(err) {
				t.Errorf("%s after %s: %v", name, c.at, err)
			}
		}
	}
	*caj.clock = now
	lasting, err := mar.prove(atMAR, "SER", now.Unix(), proofOfSecret+time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := caj.OnBehalf(t.Context(), "SER", "BR-MAR-EV-77", lasting); !refused(err) {
		t.Errorf("one for too long: %v", err)
	}
	caj.revoked.Add("MAR", issuedThrough("BR-MAR-EV-77", now.Unix()))
	for name, proof := range proofs {
		if _, err := caj.OnBehalf(t.Context(), "SER", "BR-MAR-EV-77", proof); name != "configured" && !refused(err) {
			t.Errorf("%s of a revoked vehicle: %v", name, err)
		}
	}
}

// A browser's session goes on asking elsewhere as long as it lasts.
func TestASessionKeepsItsProof(t *testing.T) {
	all := companies(t)
	mar, ser, caj := all["MAR"], all["SER"], all["CAJ"]
	secret, _ := registered(t, mar)
	id, err := ser.OpenSession(t.Context(), ser.at(t, secret))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		*c.clock = now.Add(12*time.Hour - time.Second)
	}
	who, err := ser.Session(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := caj.OnBehalf(t.Context(), "SER", who.Vehicle, vouches(t, ser, who, "CAJ")); err != nil {
		t.Error(err)
	}
}
