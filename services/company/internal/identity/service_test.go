package identity

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func basic(user, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+secret))
}

func TestAuthenticate(t *testing.T) {
	mar := companies(t)["MAR"]
	for header, want := range map[string]Caller{
		"":                        {Kind: Anybody},
		basic("EV-0001", "demo"):  {Kind: Vehicle, Vehicle: "EV-0001"},
		basic("operator", "demo"): {Kind: Operator},
		"Bearer demo-SER":         {Kind: Peer, Peer: "SER"},
		"bearer demo-CAJ":         {Kind: Peer, Peer: "CAJ"},
	} {
		if got, err := mar.Authenticate(t.Context(), header, ""); err != nil || got != want {
			t.Errorf("%q: got %+v, %v", header, got, err)
		}
	}
	for _, header := range []string{
		basic("EV-0001", "wrong"), basic("EV-0001", ""), basic("EV-0002", "demo"), basic("operator", ""), basic("Operator", "demo"),
		basic("a#b", "demo"), basic("MAR", "demo-MAR"), basic("", ""), "Basic !", "Basic " + base64.StdEncoding.EncodeToString([]byte("nocolon")),
		"Basic", "Bearer", "Bearer ", "Bearer demo-MAR", "Bearer demo-SERx", "Digest x", "Bearer " + strings.Repeat("x", 1<<20),
	} {
		if c, err := mar.Authenticate(t.Context(), header, ""); charging.CodeOf(err) != charging.CodeUnauthenticated || c != (Caller{}) {
			t.Errorf("%.40q: got %+v, %v", header, c, err)
		}
	}
}

func TestEmptySecretsAreNobodys(t *testing.T) {
	keys := mustKeys(t)
	s, err := New(Options{
		Self: "MAR", Keys: keys, Ring: NewRing("MAR", keys, nil, nil, nil), Registry: newMemory(),
		PeerTokens: map[charging.CompanyID]string{"SER": ""},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{basic("operator", ""), "Bearer ", "Bearer"} {
		if c, err := s.Authenticate(t.Context(), header, ""); err == nil {
			t.Errorf("%q is %+v", header, c)
		}
	}
}

func TestAuthenticateMQTT(t *testing.T) {
	mar := companies(t)["MAR"]
	for _, c := range []struct {
		user, password string
		want           Caller
	}{
		{"EV-0001", "demo", Caller{Kind: Vehicle, Vehicle: "EV-0001"}},
		{"SER", "demo-SER", Caller{Kind: Peer, Peer: "SER"}},
		{"SER", "demo-CAJ", Caller{}},
		{"XYZ", "demo-SER", Caller{}},
		{"operator", "demo", Caller{Kind: Operator}},
		{"operator", "", Caller{}},
		{"operator", "demo-SER", Caller{}},
		{"EV-0001", "demo-SER", Caller{}},
		{"", "", Caller{}},
	} {
		got, err := mar.AuthenticateMQTT(t.Context(), c.user, c.password)
		if got != c.want || (err == nil) == (c.want == Caller{}) {
			t.Errorf("%s:%s: got %+v, %v", c.user, c.password, got, err)
		}
	}
}

func TestVehiclesRoam(t *testing.T) {
	all := companies(t)
	id, secret, err := all["SER"].Register(t.Context(), Registration{Wish: "ev-77", Model: "byd-dolphin"})
	if err != nil || id != "BR-SER-EV-77" {
		t.Fatal(id, err)
	}
	for at, c := range all {
		for range 3 {
			got, err := c.Basic(t.Context(), string(id), secret)
			if err != nil || got.Kind != Vehicle || got.Vehicle != id || got.Issuer != "SER" {
				t.Errorf("%s: got %+v, %v", at, got, err)
			}
		}
		if _, err := c.Basic(t.Context(), "BR-SER-EV-78", secret); charging.CodeOf(err) != charging.CodeUnauthenticated {
			t.Errorf("%s: another vehicle with it: %v", at, err)
		}
	}
}

// A stranger who registers somebody's id at another company is somebody else.
func TestAStrangerTakesNobodysName(t *testing.T) {
	all := companies(t)
	id, honest, err := all["MAR"].Register(t.Context(), Registration{Wish: "EV-77", Model: "byd-dolphin"})
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := all["CAJ"].Register(t.Context(), Registration{Wish: id, Model: "byd-dolphin"}); charging.CodeOf(err) != charging.CodeInvalidField {
		t.Errorf("CAJ registers %s: %v", got, err)
	}
	other, thief, err := all["CAJ"].Register(t.Context(), Registration{Wish: "EV-77", Model: "byd-dolphin"})
	if err != nil || other == id {
		t.Fatal(other, err)
	}
	ser := all["SER"]
	for range 2 { // whoever comes first
		if c, err := ser.Basic(t.Context(), string(id), thief); charging.CodeOf(err) != charging.CodeUnauthenticated {
			t.Errorf("the thief is %+v, %v", c, err)
		}
		if _, err := ser.Basic(t.Context(), string(id), honest); err != nil {
			t.Errorf("the owner: %v", err)
		}
	}
}

// A company that signs a token for another's vehicle is believed nowhere, not even
// where the vehicle has never been; nor does it keep the owner out afterwards.
func TestACompanyVouchesForItsOwn(t *testing.T) {
	all := companies(t)
	id, honest, err := all["MAR"].Register(t.Context(), Registration{Wish: "EV-77", Model: "byd-dolphin"})
	if err != nil {
		t.Fatal(err)
	}
	forged, err := all["CAJ"].keys.sign(vehicleClaims{Issuer: "CAJ", Vehicle: id, TokenID: "j", Issued: now.Unix(), Type: vehicleType}, jwsHeader{KeyID: all["CAJ"].keys.KeyID(), Type: vehicleType})
	if err != nil {
		t.Fatal(err)
	}
	for at, c := range all {
		if got, err := c.Basic(t.Context(), string(id), forged); charging.CodeOf(err) != charging.CodeUnauthenticated {
			t.Errorf("%s takes it for %+v, %v", at, got, err)
		}
		if _, err := c.Basic(t.Context(), string(id), honest); err != nil {
			t.Errorf("%s refuses the owner: %v", at, err)
		}
	}
}

// A vehicle that registered before names said whose it is counts where it was known
// then, as its issuer's; nowhere else, and nothing is learnt of it.
func TestAnOldNameIsAnAlias(t *testing.T) {
	all := companies(t)
	token := func(by charging.CompanyID) string {
		text, err := all[by].keys.sign(vehicleClaims{Issuer: by, Vehicle: "EV-77", TokenID: "j", Issued: now.Unix(), Type: vehicleType}, jwsHeader{KeyID: all[by].keys.KeyID(), Type: vehicleType})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	all["MAR"].mem.bound["EV-77"], all["SER"].mem.bound["EV-77"] = "MAR", "MAR"
	for range 2 {
		for at, c := range all {
			if _, err := c.Basic(t.Context(), "EV-77", token("MAR")); (err == nil) != (at != "CAJ") {
				t.Errorf("%s: its own: %v", at, err)
			}
			if _, err := c.Basic(t.Context(), "EV-77", token("CAJ")); charging.CodeOf(err) != charging.CodeUnauthenticated {
				t.Errorf("%s: another company's: %v", at, err)
			}
		}
	}
	all["SER"].mem.down = charging.CodeStoreUnavailable
	if _, err := all["SER"].Basic(t.Context(), "EV-78", signedFor(t, all["MAR"], "EV-78")); !errors.Is(err, charging.CodeStoreUnavailable) {
		t.Errorf("without a store: %v", err)
	}
}

func signedFor(t *testing.T, by *company, id charging.VehicleID) string {
	t.Helper()
	text, err := by.keys.sign(vehicleClaims{Issuer: by.id, Vehicle: id, TokenID: "j", Issued: now.Unix(), Type: vehicleType}, jwsHeader{KeyID: by.keys.KeyID(), Type: vehicleType})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRegister(t *testing.T) {
	mar := companies(t)["MAR"]
	a, _, err := mar.Register(t.Context(), Registration{Wish: "", Model: "byd-dolphin"})
	b, _, err2 := mar.Register(t.Context(), Registration{Wish: "", Model: "byd-dolphin"})
	if err != nil || err2 != nil || a == b || a.Issuer() != "MAR" || b.Issuer() != "MAR" {
		t.Errorf("made up %q, %q, %v, %v", a, b, err, err2)
	}
	if _, _, err := mar.Register(t.Context(), Registration{Wish: a, Model: "m"}); charging.CodeOf(err) != charging.CodeIDReused {
		t.Errorf("%s once more: %v", a, err)
	}
	for _, id := range []charging.VehicleID{
		"SER", "mar", "M.A-R", "operator", "OPER-ATOR", "ev-0001", "EV-0001", "EV-0001.", "EV0001", "BR-MAR-EV-0001", "inline", "__proto__", "PROTO",
		"prototype", "constructor", "null", "undefined", "true", "False", "a/b", "a_b", "-a", "a-", "a--b", "ınline1", "BR-SER-X1", "br-caj-x1",
		"DE-MAR-X1", "BR-MAR-", charging.VehicleID(strings.Repeat("A", 25)),
	} {
		if got, _, err := mar.Register(t.Context(), Registration{Wish: id, Model: "m"}); charging.CodeOf(err) != charging.CodeInvalidField || !strings.Contains(fmt.Sprint(fields(err)), "vehicle_id") {
			t.Errorf("%s: %s, %v", id, got, err)
		}
	}
	mar.mem.down = charging.CodeStoreUnavailable
	if _, _, err := mar.Register(t.Context(), Registration{Wish: "EV-80", Model: "m"}); !errors.Is(err, charging.CodeStoreUnavailable) {
		t.Errorf("without a store: %v", err)
	}
}

func fields(err error) []charging.FieldError {
	var r *charging.Refusal
	if errors.As(err, &r) {
		return r.Fields
	}
	return nil
}

func TestADemoVehicleIsNobodyElses(t *testing.T) {
	all := companies(t)
	token, err := all["SER"].keys.sign(vehicleClaims{Issuer: "SER", Vehicle: "EV-0001", TokenID: "j", Issued: 1, Type: vehicleType}, jwsHeader{KeyID: all["SER"].keys.KeyID(), Type: vehicleType})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := all["MAR"].Basic(t.Context(), "EV-0001", token); err == nil {
		t.Errorf("got %+v", c)
	}
}

func TestATicketIsNoVehiclesToken(t *testing.T) {
	all := companies(t)
	claims := `{"iss":"SER","sub":"BR-SER-EV-77","jti":"j","iat":1,"typ":"vehicle"}`
	key := all["SER"].keys.set.Load().order[0]
	if _, err := all["MAR"].Basic(t.Context(), "BR-SER-EV-77", signed(t, jose.EdDSA, key, ticketType, claims)); err == nil {
		t.Error("a ticket opened a door")
	}
	if _, err := all["MAR"].Basic(t.Context(), "BR-SER-EV-77", signed(t, jose.EdDSA, key, vehicleType, claims)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		strings.Replace(claims, `"typ":"vehicle"`, `"typ":"ticket"`, 1), strings.Replace(claims, `"jti":"j",`, "", 1),
		strings.Replace(claims, "BR-SER-EV-77", "SER", 1), strings.Replace(claims, `"SER"`, `"XYZ"`, 1),
	} {
		if _, err := all["MAR"].Basic(t.Context(), "BR-SER-EV-77", signed(t, jose.EdDSA, key, vehicleType, bad)); charging.CodeOf(err) != charging.CodeUnauthenticated {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestRevocation(t *testing.T) {
	all := companies(t)
	mar := all["MAR"]
	_, secret, err := all["SER"].Register(t.Context(), Registration{Wish: "BR-SER-EV-77", Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := mar.Basic(t.Context(), "BR-SER-EV-77", secret)
	if err != nil {
		t.Fatal(err)
	}
	session, err := mar.OpenSession(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if c.TokenID == "" {
		t.Fatal("a pass without the secret's name")
	}
	mar.revoked.Add("CAJ", c.TokenID)
	if _, err := mar.Basic(t.Context(), "BR-SER-EV-77", secret); err != nil {
		t.Errorf("only the issuer revokes: %v", err)
	}
	mar.revoked.Add("SER", c.TokenID)
	if _, err := mar.Basic(t.Context(), "BR-SER-EV-77", secret); charging.CodeOf(err) != charging.CodeUnauthenticated {
		t.Errorf("revoked: %v", err)
	}
	if _, err := mar.Session(t.Context(), session); charging.CodeOf(err) != charging.CodeUnauthenticated {
		t.Errorf("its session: %v", err)
	}
}

func TestAnIssuerThatIsAwayIsNoVerdict(t *testing.T) {
	all := companies(t)
	_, secret, err := all["SER"].Register(t.Context(), Registration{Wish: "BR-SER-EV-77", Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	all["MAR"].fed.down = errDown
	if _, err := all["MAR"].Basic(t.Context(), "BR-SER-EV-77", secret); charging.CodeOf(err) != charging.CodePeerUnavailable {
		t.Errorf("got %v", err)
	}
}

func TestSessions(t *testing.T) {
	mar := companies(t)["MAR"]
	want := Caller{Kind: Vehicle, Vehicle: "EV-0001"}
	id, err := mar.OpenSession(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := mar.Authenticate(t.Context(), "", id); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for hash := range mar.mem.sessions {
		if strings.Contains(hash, id) {
			t.Error("the id itself is kept")
		}
	}
	for _, bad := range []string{id[:42], id + "x", strings.Repeat("A", 43), "x"} {
		if _, err := mar.Authenticate(t.Context(), "", bad); charging.CodeOf(err) != charging.CodeUnauthenticated {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := mar.CloseSession(t.Context(), id); err != nil {
		t.Error(err)
	}
	if _, err := mar.Session(t.Context(), id); charging.CodeOf(err) != charging.CodeUnauthenticated {
		t.Errorf("after closing: %v", err)
	}
	for _, c := range []Caller{{Kind: Anybody}, {Kind: Peer, Peer: "SER"}, {}} {
		if _, err := mar.OpenSession(t.Context(), c); err == nil {
			t.Errorf("a session for %+v", c)
		}
	}
}

func TestMay(t *testing.T) {
	for _, c := range []struct {
		who Caller
		may bool
	}{
		{Caller{Kind: Operator}, true},
		{Caller{Kind: Vehicle, Vehicle: "EV-1"}, true},
		{Caller{Kind: Vehicle, Vehicle: "EV-2"}, false},
		{Caller{Kind: Peer, Peer: "SER"}, false},
		{Caller{Kind: Anybody}, false},
	} {
		if c.who.May("EV-1") != c.may {
			t.Errorf("%+v", c.who)
		}
	}
	if (Caller{Kind: Vehicle}).May("") {
		t.Error("nobody's is not a nameless vehicle's")
	}
}

func TestCheckSecrets(t *testing.T) {
	for value, ok := range map[string]bool{
		"": false, "demo": false, "DEMO": false, "demo-MAR": false, "changeme": false, "short": false, "a long enough secret": true,
		"aaaaaaaaaaaaaaaa": false, "abcdefghijklmnop": false, "1234567890123456": false, "abababababababab": false,
		"6f1c0de2a9b4": true, "correct horse battery": true,
	} {
		if err := CheckSecrets(false, Secret{"operator secret", value}); (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "operator secret") {
			t.Errorf("%q beyond loopback: %v", value, err)
		}
		if err := CheckSecrets(true, Secret{"operator secret", value}); err != nil {
			t.Errorf("%q on loopback: %v", value, err)
		}
	}
}

// Whoever is shown one of two equal secrets has both.
func TestEqualSecrets(t *testing.T) {
	const random = "b1946ac92492d234"
	err := CheckSecrets(false, Secret{"the operator's", random}, Secret{"what CAJ shows", random})
	if err == nil || !strings.Contains(err.Error(), "what CAJ shows is the same as the operator's") {
		t.Errorf("error %v", err)
	}
	if err := CheckSecrets(false, Secret{"the operator's", random}, Secret{"what CAJ shows", random[1:]}); err != nil {
		t.Error(err)
	}
}

func TestNewRefuses(t *testing.T) {
	keys := mustKeys(t)
	good := Options{Self: "MAR", Keys: keys, Ring: NewRing("MAR", keys, nil, nil, nil), Registry: newMemory()}
	for name, change := range map[string]func(*Options){
		"no self":           func(o *Options) { o.Self = "" },
		"no keys":           func(o *Options) { o.Keys = nil },
		"vehicle id":        func(o *Options) { o.Vehicles = map[charging.VehicleID]string{"SER": "x"} },
		"one token for two": func(o *Options) { o.PeerTokens = map[charging.CompanyID]string{"SER": "x", "CAJ": "x"} },
	} {
		o := good
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s accepted", name)
		}
	}
}
