package identity

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// shows is what a company shows to a peer.
func (c *company) shows(t testing.TB, peer charging.CompanyID) string {
	t.Helper()
	text, err := NewCredentials(c.id, c.keys, func() time.Time { return *c.clock }).For(peer)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A company is whom it says at the peer that its token is for, and at no other: SER,
// holding what CAJ has shown it, is CAJ nowhere.
func TestACompanyProvesItself(t *testing.T) {
	all := companies(t)
	token := all["CAJ"].shows(t, "SER")
	c, err := all["SER"].Authenticate(t.Context(), "Bearer "+token, "")
	if err != nil || c != (Caller{Kind: Peer, Peer: "CAJ"}) {
		t.Fatalf("%+v, %v", c, err)
	}
	_, err = all["MAR"].Authenticate(t.Context(), "Bearer "+token, "")
	if charging.CodeOf(err) != charging.CodeUnauthenticated || !strings.Contains(err.Error(), "CAJ is for SER, and this is MAR") {
		t.Errorf("at another peer: %v", err)
	}
	if c, err := all["SER"].AuthenticateMQTT(t.Context(), "CAJ", token); err != nil || c.Peer != "CAJ" {
		t.Errorf("MQTT: %+v, %v", c, err)
	}
	if c, err := all["SER"].AuthenticateMQTT(t.Context(), "MAR", token); err == nil {
		t.Errorf("MQTT as MAR: %+v", c)
	}
}

// What is no company's token for this company now.
func TestTokensThatAreNoPeers(t *testing.T) {
	all := companies(t)
	caj, ser := all["CAJ"], all["SER"]
	sign := func(c companyClaims, typ string) string {
		text, err := caj.keys.sign(c, jwsHeader{KeyID: caj.keys.KeyID(), Type: typ})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	good := companyClaims{"CAJ", "SER", now.Unix(), now.Add(companyLife).Unix()}
	with := func(change func(*companyClaims)) companyClaims {
		c := good
		change(&c)
		return c
	}
	if _, err := mustKeys(t).sign(good, jwsHeader{KeyID: caj.keys.KeyID(), Type: companyType}); err == nil {
		t.Fatal("signed with a key that is not there")
	}
	stranger := mustKeys(t)
	forged, err := stranger.sign(good, jwsHeader{KeyID: stranger.KeyID(), Type: companyType})
	if err != nil {
		t.Fatal(err)
	}
	whole := sign(good, companyType)
	for name, tt := range map[string]struct{ token, says string }{
		"for another":             {sign(with(func(c *companyClaims) { c.Audience = "MAR" }), companyType), "is for MAR"},
		"for too long":            {sign(with(func(c *companyClaims) { c.Expires++ }), companyType), "at most 2m"},
		"before it begins":        {sign(with(func(c *companyClaims) { c.Expires = c.Issued - 1 }), companyType), "at most"},
		"over":                    {sign(with(func(c *companyClaims) { c.Issued -= 181; c.Expires -= 181 }), companyType), "ended 1m1s ago"},
		"of the future":           {sign(with(func(c *companyClaims) { c.Issued += 61; c.Expires += 61 }), companyType), "1m1s from now"},
		"of no time":              {sign(with(func(c *companyClaims) { c.Expires = 1 << 50 }), companyType), "no peer's"},
		"of a vehicle's type":     {sign(good, vehicleType), "no peer's"},
		"of a ticket's type":      {sign(good, ticketType), "no peer's"},
		"signed by somebody else": {forged, "no peer's"},
		"in another's name":       {sign(with(func(c *companyClaims) { c.Issuer = "MAR" }), companyType), "no peer's"},
		"in its own name":         {sign(with(func(c *companyClaims) { c.Issuer = "SER" }), companyType), "no peer's"},
		"of a stranger":           {sign(with(func(c *companyClaims) { c.Issuer = "XYZ" }), companyType), "no peer's"},
		"cut":                     {whole[:len(whole)-2], "no peer's"},
		"without a signature":     {whole[:strings.LastIndex(whole, ".")+1], "no peer's"},
	} {
		c, err := ser.Authenticate(t.Context(), "Bearer "+tt.token, "")
		if charging.CodeOf(err) != charging.CodeUnauthenticated || c != (Caller{}) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}

// One text is shown for a minute, and verified once; it ends.
func TestACompanysTokenIsMadeAndVerifiedOnce(t *testing.T) {
	all := companies(t)
	mar, ser := all["MAR"], all["SER"]
	own := NewCredentials("MAR", mar.keys, func() time.Time { return *mar.clock })
	first, _ := own.For("SER")
	*mar.clock = now.Add(companyShown - time.Second)
	if again, err := own.For("SER"); err != nil || again != first {
		t.Errorf("another one within the minute: %v", err)
	}
	if other, _ := own.For("CAJ"); other == first {
		t.Error("one token for two peers")
	}
	*mar.clock = now.Add(companyShown)
	if next, _ := own.For("SER"); next == first {
		t.Error("the same after a minute")
	}
	for range 3 {
		if _, err := ser.Authenticate(t.Context(), "Bearer "+first, ""); err != nil {
			t.Fatal(err)
		}
	}
	ser.fed.down = errDown // it is remembered: nobody is asked
	if _, err := ser.Authenticate(t.Context(), "Bearer "+first, ""); err != nil {
		t.Error(err)
	}
	*ser.clock = now.Add(companyLife + companyLeeway)
	if c, err := ser.Authenticate(t.Context(), "Bearer "+first, ""); charging.CodeOf(err) != charging.CodeUnauthenticated {
		t.Errorf("after its end: %+v, %v", c, err)
	}
}

// A company whose keys cannot be had is not refused for good.
func TestKeysThatCannotBeHad(t *testing.T) {
	all := companies(t)
	all["SER"].fed.down = errDown
	token := all["MAR"].shows(t, "SER")
	for _, try := range []func() (Caller, error){
		func() (Caller, error) { return all["SER"].Authenticate(t.Context(), "Bearer "+token, "") },
		func() (Caller, error) { return all["SER"].AuthenticateMQTT(t.Context(), "MAR", token) },
	} {
		if c, err := try(); charging.CodeOf(err) != charging.CodePeerUnavailable || !errors.Is(err, errDown) {
			t.Errorf("%+v, %v", c, err)
		}
	}
}

// Where thumbprints are pinned only those keys count, whatever is published, and by
// what they are, not by what they are called.
func TestPinnedKeys(t *testing.T) {
	all := companies(t)
	mar, ser := all["MAR"], all["SER"]
	token := mar.shows(t, "SER")
	for name, tt := range map[string]struct {
		pins []string
		code charging.Code
	}{
		"its key":             {[]string{"another", mar.keys.KeyID()}, ""},
		"a key that is gone":  {[]string{mustKeys(t).KeyID()}, charging.CodePeerUnavailable},
		"another company's":   {[]string{ser.keys.KeyID()}, charging.CodePeerUnavailable},
		"none: as published":  {nil, ""},
		"a name is no key":    {[]string{"x"}, charging.CodePeerUnavailable},
		"two, the second one": {[]string{mustKeys(t).KeyID(), mar.keys.KeyID()}, ""},
	} {
		s, err := New(Options{
			Self: "SER", Keys: ser.keys, Registry: newMemory(), Now: func() time.Time { return now },
			Ring: NewRing("SER", ser.keys, ser.fed, map[charging.CompanyID][]string{"MAR": tt.pins}, func() time.Time { return now }),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(t.Context(), "Bearer "+token, ""); charging.CodeOf(err) != tt.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A key that is published under a pinned name is still another key.
func TestAPinIsNoName(t *testing.T) {
	real, other := mustKeys(t), mustKeys(t)
	raw := strings.ReplaceAll(string(other.JWKS()), other.KeyID(), real.KeyID())
	if keys, err := publicKeys([]byte(raw), []string{real.KeyID()}); err == nil {
		t.Errorf("taken: %v", keys)
	}
}

// The key file changes while the server runs: the first key signs, both verify, and
// a peer that sees the new one for the first time asks once more.
func TestKeysChangeWithoutARestart(t *testing.T) {
	all := companies(t)
	ser := all["SER"]
	path := filepath.Join(t.TempDir(), "keys.pem")
	keys, err := LoadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	ser.fed.keys["MAR"] = keys
	own := NewCredentials("MAR", keys, func() time.Time { return now })
	before, _ := own.For("SER")
	if _, err := ser.Authenticate(t.Context(), "Bearer "+before, ""); err != nil {
		t.Fatal(err)
	}
	if changed, err := keys.Reload(); changed || err != nil {
		t.Errorf("nothing has changed: %t, %v", changed, err)
	}
	old, _ := os.ReadFile(path)
	der, _ := x509.MarshalPKCS8PrivateKey(private(mustKeys(t))[0])
	fresh := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(path, append(fresh, old...), 0o600); err != nil {
		t.Fatal(err)
	}
	if changed, err := keys.Reload(); !changed || err != nil || len(keys.KeyIDs()) != 2 {
		t.Fatalf("%t, %v, %v", changed, err, keys.KeyIDs())
	}
	after, _ := own.For("SER")
	if after == before {
		t.Fatal("still signed with the old key")
	}
	*ser.clock = now.Add(ringPause)
	for name, token := range map[string]string{"old": before, "new": after} {
		if _, err := ser.Authenticate(t.Context(), "Bearer "+token, ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(path, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if changed, err := keys.Reload(); changed || err == nil || len(keys.KeyIDs()) != 2 {
		t.Errorf("rubbish: %t, %v", changed, err)
	}
}

// Many calls at once make one token and read one memory.
func TestCredentialsAndMemoryAreSafe(t *testing.T) {
	all := companies(t)
	own := NewCredentials("MAR", all["MAR"].keys, func() time.Time { return now })
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 50 {
				text, err := own.For("SER")
				if err == nil {
					_, err = all["SER"].Authenticate(context.Background(), "Bearer "+text, "")
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzCompanyToken(f *testing.F) {
	all := companies(f)
	f.Add(all["MAR"].shows(f, "SER"))
	f.Add(all["MAR"].shows(f, "CAJ"))
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		c, err := all["SER"].Authenticate(context.Background(), "Bearer "+token, "")
		if err == nil && (c.Kind != Peer || c.Peer != "MAR") {
			t.Errorf("%q is %+v", token, c)
		}
		if err != nil && charging.CodeOf(err) != charging.CodeUnauthenticated {
			t.Errorf("%q: %v", token, err)
		}
	})
}

// Rotate puts a key first, DropOld leaves it alone; a JWK set is left as it is.
func TestRotateAndDrop(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.pem")
	keys, err := LoadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	first := keys.KeyID()
	two, err := Rotate(path)
	if err != nil || len(two) != 2 || two[1] != first {
		t.Fatalf("%v, %v", two, err)
	}
	one, err := DropOld(path)
	if err != nil || len(one) != 1 || one[0] != two[0] {
		t.Fatalf("%v, %v", one, err)
	}
	if changed, err := keys.Reload(); err != nil || !changed || keys.KeyID() != one[0] {
		t.Errorf("%t, %v", changed, err)
	}
	if at, err := os.Stat(path); err != nil || at.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", at, err)
	}
	if err := os.WriteFile(path, []byte(`{"keys":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Rotate(path); err == nil {
		t.Error("a JWK set was rotated")
	}
	if raw, _ := os.ReadFile(path); string(raw) != `{"keys":[]}` {
		t.Errorf("and written: %s", raw)
	}
}

// A key with which another server of the company has begun to sign is found in the
// file that they share, before the next look at it; a key that nobody has is not
// looked for again and again.
func TestOwnKeysAreReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.pem")
	here, err := LoadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	clock := now
	ring := NewRing("MAR", here, nil, nil, func() time.Time { return clock })
	ids, err := Rotate(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.key(t.Context(), "MAR", ids[0]); err != nil {
		t.Errorf("the new key: %v", err)
	}
	if ids, err = Rotate(path); err != nil {
		t.Fatal(err)
	}
	if _, err := ring.key(t.Context(), "MAR", ids[0]); !errors.Is(err, errNoKey) {
		t.Errorf("read again at once: %v", err)
	}
	clock = clock.Add(ringPause)
	if _, err := ring.key(t.Context(), "MAR", ids[0]); err != nil {
		t.Errorf("after a pause: %v", err)
	}
}
