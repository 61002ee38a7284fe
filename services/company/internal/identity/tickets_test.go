package identity

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const tripID = charging.TripID("0199a2b3-6c00-7abc-8def-0123456789ab")

func ticket(issuer charging.CompanyID) charging.Ticket {
	return charging.Ticket{
		TripID: tripID, Origin: "SER", Issuer: issuer, GrantedAt: "1763899200000001",
		EVSEID: charging.EVSEID("BR*" + string(issuer) + "*E0001*1"), Expires: now.Add(10 * time.Minute),
	}
}

func issue(t testing.TB, c *company, k charging.Ticket) string {
	t.Helper()
	token, err := c.tickets.Issue(k, c.tickets.KeyID())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestTicketIsGoodEverywhere(t *testing.T) {
	all := companies(t)
	want := ticket("MAR")
	token := issue(t, all["MAR"], want)
	if again := issue(t, all["MAR"], want); again != token {
		t.Error("the same ticket is signed differently")
	}
	for id, c := range all {
		got, err := c.tickets.Verify(t.Context(), token, tripID, "SER", now)
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v", id, got, err)
		}
	}
	var claims map[string]any
	raw, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err := json.Unmarshal(raw, &claims); err != nil || len(claims) != 6 || claims["granted_at"] != "1763899200000001" {
		t.Errorf("claims %s, %v", raw, err)
	}
}

// signed makes a JWS of any claims by any key and header.
func signed(t testing.TB, alg jose.SignatureAlgorithm, key any, typ, claims string) string {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign([]byte(claims))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestBadTickets(t *testing.T) {
	all := companies(t)
	mar := all["MAR"]
	good := issue(t, mar, ticket("MAR"))
	parts := strings.Split(good, ".")
	raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
	claims := string(raw)
	marKey, serKey := mar.keys.set.Load().order[0], all["SER"].keys.set.Load().order[0]
	asMAR := serKey
	asMAR.KeyID = marKey.KeyID
	public, _ := marKey.Public().MarshalJSON()
	stranger := ticket("MAR")
	stranger.Issuer, stranger.EVSEID = "XYZ", "BR*XYZ*E0001*1"
	old := ticket("MAR")
	old.Expires = now
	foreign := ticket("MAR")
	foreign.EVSEID = "BR*CAJ*E0001*1"
	b64 := base64.RawURLEncoding.EncodeToString

	for name, token := range map[string]string{
		"empty":                   "",
		"no JWS":                  "x.y.z",
		"two parts":               parts[0] + "." + parts[1],
		"JSON form":               `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"oversize":                good + strings.Repeat("A", 5000),
		"changed claims":          parts[0] + "." + b64([]byte(strings.Replace(claims, "0001\"", "0000\"", 1))) + "." + parts[2],
		"no signature":            parts[0] + "." + parts[1] + ".",
		"alg none":                b64([]byte(`{"alg":"none","typ":"ticket"}`)) + "." + parts[1] + ".",
		"HMAC by the public key":  signed(t, jose.HS256, public, ticketType, claims),
		"another company's key":   signed(t, jose.EdDSA, serKey, ticketType, claims),
		"another's key, MAR's id": signed(t, jose.EdDSA, asMAR, ticketType, claims),
		"a vehicle's token":       signed(t, jose.EdDSA, marKey, vehicleType, claims),
		"an unknown company":      issue(t, mar, stranger),
		"expired":                 issue(t, mar, old),
		"stamps another's EVSE":   issue(t, mar, foreign),
		"one claim more":          signed(t, jose.EdDSA, marKey, ticketType, strings.Replace(claims, "{", `{"admin":true,`, 1)),
		"one claim less":          signed(t, jose.EdDSA, marKey, ticketType, strings.Replace(claims, `"granted_at":"1763899200000001",`, "", 1)),
		"a stamp with a sign":     signed(t, jose.EdDSA, marKey, ticketType, strings.Replace(claims, `"1763`, `"-763`, 1)),
		"a stamp with a zero":     signed(t, jose.EdDSA, marKey, ticketType, strings.Replace(claims, `"1763`, `"0763`, 1)),
		"not JSON":                signed(t, jose.EdDSA, marKey, ticketType, "hello"),
	} {
		for id, c := range all {
			if got, err := c.tickets.Verify(t.Context(), token, tripID, "SER", now); charging.CodeOf(err) != charging.CodeTicketInvalid {
				t.Errorf("%s at %s: got %+v, %v", name, id, got, err)
			}
		}
	}
	if _, err := mar.tickets.Verify(t.Context(), good, "0199a2b3-6c00-7abc-8def-0123456789ac", "SER", now); charging.CodeOf(err) != charging.CodeTicketInvalid {
		t.Errorf("another trip: %v", err)
	}
	if _, err := mar.tickets.Verify(t.Context(), good, tripID, "CAJ", now); charging.CodeOf(err) != charging.CodeTicketInvalid {
		t.Errorf("another origin: %v", err)
	}
}

func TestKeysThatCannotBeHadAreNoVerdict(t *testing.T) {
	all := companies(t)
	token := issue(t, all["MAR"], ticket("MAR"))
	ser := all["SER"]
	ser.fed.down = errDown
	if _, err := ser.tickets.Verify(t.Context(), token, tripID, "SER", now); err == nil || charging.CodeOf(err) != "" {
		t.Errorf("got %v", err)
	}
	ser.fed.down = nil
	*ser.clock = now.Add(ringPause)
	if _, err := ser.tickets.Verify(t.Context(), token, tripID, "SER", now); err != nil {
		t.Errorf("after it came back: %v", err)
	}
	ser.fed.down = errDown
	*ser.clock = now.Add(ringLife + time.Hour)
	if _, err := ser.tickets.Verify(t.Context(), token, tripID, "SER", now); err != nil {
		t.Errorf("known keys stay good while their company is away: %v", err)
	}
}

func TestACallerWhoGivesUpDoesNotBlockTheNext(t *testing.T) {
	all := companies(t)
	token := issue(t, all["MAR"], ticket("MAR"))
	ser := all["SER"]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ser.fed.down = context.Canceled
	_, _ = ser.tickets.Verify(ctx, token, tripID, "SER", now)
	ser.fed.down = nil
	if _, err := ser.tickets.Verify(t.Context(), token, tripID, "SER", now); err != nil {
		t.Error(err)
	}
}

func TestForgedKeyIDsCauseNoFlood(t *testing.T) {
	all := companies(t)
	ser := all["SER"]
	forged := all["CAJ"].keys.set.Load().order[0]
	raw, _ := json.Marshal(ticketClaims{tripID, "SER", "MAR", "17", "BR*MAR*E1", now.Add(time.Hour).Unix()})
	for i := range 50 {
		forged.KeyID = strings.Repeat("k", i+1)
		_, _ = ser.tickets.Verify(t.Context(), signed(t, jose.EdDSA, forged, ticketType, string(raw)), tripID, "SER", now)
	}
	if ser.fed.asked != 1 {
		t.Errorf("asked %d times", ser.fed.asked)
	}
}

func TestRotation(t *testing.T) {
	all := companies(t)
	mar, ser := all["MAR"], all["SER"]
	before := issue(t, mar, ticket("MAR"))
	if _, err := ser.tickets.Verify(t.Context(), before, tripID, "SER", now); err != nil {
		t.Fatal(err)
	}
	fresh := mustKeys(t)
	set, err := keysOf(append(private(fresh), private(mar.keys)...))
	if err != nil {
		t.Fatal(err)
	}
	both := held(set, "")
	ser.fed.keys["MAR"] = both
	rotated := NewTickets(both, NewRing("MAR", both, ser.fed, nil, nil))
	if both.KeyID() != fresh.KeyID() {
		t.Error("the first key signs")
	}
	after, err := rotated.Issue(ticket("MAR"), both.KeyID())
	if err != nil {
		t.Fatal(err)
	}
	if same, err := rotated.Issue(ticket("MAR"), mar.keys.KeyID()); err != nil || same != before {
		t.Errorf("a repeat under the old key differs: %v", err)
	}
	*ser.clock = now.Add(ringPause)
	for _, token := range []string{before, after} {
		if _, err := ser.tickets.Verify(t.Context(), token, tripID, "SER", now); err != nil {
			t.Error(err)
		}
	}
	if _, err := rotated.Issue(ticket("MAR"), "gone"); err == nil {
		t.Error("signed with a key that is not there")
	}
}

func FuzzVerify(f *testing.F) {
	all := companies(f)
	good := issue(f, all["MAR"], ticket("MAR"))
	f.Add(good)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		k, err := all["SER"].tickets.Verify(context.Background(), token, tripID, "SER", now)
		if err == nil && k != ticket("MAR") || err != nil && charging.CodeOf(err) != charging.CodeTicketInvalid {
			t.Errorf("%q: %v", token, err)
		}
		if c, err := all["SER"].Basic(context.Background(), "EV-0777", token); err == nil {
			t.Errorf("%q is %+v", token, c)
		}
	})
}

// Whatever a company signs as a ticket with its own key, it gets in by it only where it
// speaks for itself, of the trip that is shown, in each claim's form and for now. It fails
// where a claim is taken as it comes.
func FuzzSignedTicket(f *testing.F) {
	all := companies(f)
	key := all["MAR"].keys.set.Load().order[0]
	claims := func(k charging.Ticket) string {
		raw, err := json.Marshal(ticketClaims{k.TripID, k.Origin, k.Issuer, k.GrantedAt, k.EVSEID, k.Expires.Unix()})
		if err != nil {
			f.Fatal(err)
		}
		return string(raw)
	}
	f.Add(ticketType, claims(ticket("MAR")))
	f.Add(ticketType, claims(ticket("CAJ")))
	f.Add(vehicleType, claims(ticket("MAR")))
	f.Fuzz(func(t *testing.T, typ, claims string) {
		token := signed(t, jose.EdDSA, key, typ, claims)
		k, err := all["SER"].tickets.Verify(context.Background(), token, tripID, "SER", now)
		if err != nil {
			if charging.CodeOf(err) != charging.CodeTicketInvalid {
				t.Errorf("%s %q: %v", typ, claims, err)
			}
			return
		}
		if typ != ticketType || k.Issuer != "MAR" || k.EVSEID.Company() != "MAR" || k.TripID != tripID || k.Origin != "SER" ||
			!now.Before(k.Expires) || !micros(k.GrantedAt) || k.EVSEID.Validate() != nil {
			t.Errorf("%s %q is %+v", typ, claims, k)
		}
	})
}

// The faults: a reservation that is not bound to the stamp by the signature; an edition
// that refuses what it does not know, one that refuses a ticket without it.
func TestATicketNamesItsFirstReservation(t *testing.T) {
	all := companies(t)
	k := ticket("MAR")
	k.ReservationID = "0199a2b3-6c00-7abc-8def-0123456789ac"
	token := issue(t, all["MAR"], k)
	if got, err := all["SER"].tickets.Verify(t.Context(), token, tripID, "SER", now); err != nil || got != k {
		t.Errorf("%+v, %v", got, err)
	}
	head, rest, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil || !strings.Contains(string(raw), string(k.ReservationID)) {
		t.Fatalf("%s, %v", raw, err)
	}
	other := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(raw), "ac\"", "ad\"", 1)))
	if _, err := all["SER"].tickets.Verify(t.Context(), other+"."+rest, tripID, "SER", now); charging.CodeOf(err) != charging.CodeTicketInvalid {
		t.Errorf("with another reservation: %v", err)
	}
	k.ReservationID = "no-id"
	if _, err := all["SER"].tickets.Verify(t.Context(), issue(t, all["MAR"], k), tripID, "SER", now); charging.CodeOf(err) != charging.CodeTicketInvalid {
		t.Errorf("with an id that is none: %v", err)
	}
	payload, _, _ := strings.Cut(rest, ".")
	claims, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil || strings.Contains(string(claims), "reservation") {
		t.Errorf("a claim that the edition before refuses: %s", claims)
	}
}
