package identity

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// library signs by the library what sign signs.
func library(t testing.TB, key jose.JSONWebKey, head jwsHeader, payload any) string {
	t.Helper()
	opts := (&jose.SignerOptions{}).WithType(jose.ContentType(head.Type))
	if head.Proof != "" {
		opts = opts.WithHeader("at", head.Proof)
	}
	if head.Reservation != "" {
		opts = opts.WithHeader("rsv", head.Reservation)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, opts)
	if err != nil {
		t.Fatal(err)
	}
	said, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(said)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestSignedAsTheLibraryDoes fails where a text is another one than the library's, which
// servers of an edition before sign with: a repeated grant would answer another ticket.
func TestSignedAsTheLibraryDoes(t *testing.T) {
	keys := mustKeys(t)
	key := keys.set.Load().order[0]
	for _, head := range []jwsHeader{
		{KeyID: key.KeyID, Type: ticketType},
		{KeyID: key.KeyID, Type: ticketType, Reservation: "0199a2b3-6c00-7abc-8def-0123456789ab"},
		{KeyID: key.KeyID, Type: vehicleType, Proof: "a.b.c"},
		{KeyID: key.KeyID, Type: proofType, Proof: `<&"`},
	} {
		claims := ticketClaims{tripID, "SER", "MAR", "1763899200000001", "BR*MAR*E0001*1", 1}
		got, err := keys.sign(claims, head)
		if want := library(t, key, head, claims); err != nil || got != want {
			t.Errorf("%+v: %v\n got %s\nwant %s", head, err, got, want)
		}
	}
}

// second is what the library makes of a text.
func second(token string, keys *Keys) (payload []byte, ok bool) {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, false
	}
	public, known := keys.public(jws.Signatures[0].Protected.KeyID)
	if !known {
		return nil, false
	}
	payload, err = jws.Verify(public)
	return payload, err == nil
}

// FuzzSignedText fails where a text is taken whose signature the library refuses, or is
// read as something else.
func FuzzSignedText(f *testing.F) {
	keys := mustKeys(f)
	ring := NewRing("MAR", keys, nil, nil, nil)
	good, err := keys.sign(ticketClaims{tripID, "SER", "MAR", "1763899200000001", "BR*MAR*E0001*1", 1}, jwsHeader{KeyID: keys.KeyID(), Type: ticketType})
	if err != nil {
		f.Fatal(err)
	}
	protected, rest, _ := strings.Cut(good, ".")
	raw, _ := base64.RawURLEncoding.DecodeString(protected)
	f.Add(string(raw), "."+rest)
	for _, head := range []string{
		`{"alg":"none"}`, `{"ALG":"EdDSA"}`, `{"alg":"EdDSA","alg":"none"}`, `{"alg":"EdDSA","crit":["b64"],"b64":false}`, `{"alg":"EdDSA","typ":"ticket","kid":7}`, `[]`, ``,
	} {
		f.Add(head, "."+rest)
	}
	f.Fuzz(func(t *testing.T, head, rest string) {
		// Signed for what it says, so that more than the signature is looked at.
		token := base64.RawURLEncoding.EncodeToString([]byte(head)) + rest
		if first, payload, ok := strings.Cut(strings.TrimPrefix(rest, "."), "."); ok && payload == "" {
			token = resigned(keys, token[:len(token)-len(rest)], first)
		}
		said, _, err := open(context.Background(), ring, token, ticketType, func(p []byte) (ticketClaims, error) {
			return ticketClaims{Issuer: "MAR", TripID: charging.TripID(p)}, nil
		})
		if err != nil {
			return
		}
		if payload, ok := second(token, keys); !ok || string(payload) != string(said.TripID) {
			t.Errorf("%q is taken as %q; the library says %q, %v", token, said.TripID, payload, ok)
		}
	})
}

// resigned puts a good signature under any header and payload.
func resigned(keys *Keys, protected, payload string) string {
	text := protected + "." + payload
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(keys.set.Load().private[keys.KeyID()], []byte(text)))
}

// TestHeadersThatAreNotTaken fails where a header is read more kindly than RFC 7515 says,
// under a signature that is good.
func TestHeadersThatAreNotTaken(t *testing.T) {
	keys := mustKeys(t)
	ring := NewRing("MAR", keys, nil, nil, nil)
	read := func([]byte) (ticketClaims, error) { return ticketClaims{Issuer: "MAR"}, nil }
	kid := `"kid":"` + keys.KeyID() + `"`
	b64 := base64.RawURLEncoding.EncodeToString
	opens := func(head string) error {
		_, _, err := open(t.Context(), ring, resigned(keys, b64([]byte(head)), b64([]byte("{}"))), ticketType, read)
		return err
	}
	if err := opens(`{"alg":"EdDSA",` + kid + `,"typ":"ticket","new":[1]}`); err != nil {
		t.Errorf("a parameter that nobody knows: %v", err)
	}
	for _, head := range []string{
		`{"alg":"none",` + kid + `,"typ":"ticket"}`,
		`{"alg":"ES256",` + kid + `,"typ":"ticket"}`,
		`{"ALG":"EdDSA",` + kid + `,"typ":"ticket"}`,
		`{"alg":"EdDSA","alg":"EdDSA",` + kid + `,"typ":"ticket"}`,
		`{"alg":"EdDSA",` + kid + `,"typ":"ticket","crit":["exp"],"exp":1}`,
		`{"alg":"EdDSA",` + kid + `,"typ":"vehicle"}`,
		`{"alg":"EdDSA",` + kid + `}`,
		`{"alg":"EdDSA","kid":"another","typ":"ticket"}`,
		`{"alg":"EdDSA",` + kid + `,"typ":"ticket"} ` + `x`,
	} {
		if err := opens(head); !verdict(err) {
			t.Errorf("%s: %v", head, err)
		}
	}
	good := resigned(keys, b64([]byte(`{"alg":"EdDSA",`+kid+`,"typ":"ticket"}`)), b64([]byte("{}")))
	for name, token := range map[string]string{
		"a line break in it":    good[:20] + "\n" + good[20:],
		"a fourth part":         good + ".",
		"bits that say nothing": good[:len(good)-1] + next(good[len(good)-1]),
	} {
		if _, _, err := open(t.Context(), ring, token, ticketType, read); !verdict(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// next is the base64url digit after one.
func next(digit byte) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(digits[(strings.IndexByte(digits, digit)+1)%len(digits)])
}

func BenchmarkTicket(b *testing.B) {
	all := companies(b)
	want := ticket("MAR")
	b.Run("issue", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			issue(b, all["MAR"], want)
		}
	})
	b.Run("verify", func(b *testing.B) {
		token := issue(b, all["MAR"], want)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := all["SER"].tickets.Verify(b.Context(), token, tripID, "SER", now); err != nil {
				b.Fatal(err)
			}
		}
	})
}
