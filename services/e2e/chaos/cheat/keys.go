package cheat

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// keyID of the one key that a cheat signs with.
const keyID = "cheat"

// keys sign whatever the cheat wants them to say.
type keys struct{ private ed25519.PrivateKey }

func newKeys(seed uint64) keys {
	raw := make([]byte, ed25519.SeedSize)
	binary.LittleEndian.PutUint64(raw, seed)
	return keys{ed25519.NewKeyFromSeed(raw)}
}

// set is the JSON Web Key Set that everybody may read.
func (k keys) set() json.RawMessage {
	public := k.private.Public().(ed25519.PublicKey)
	return encode(map[string]any{"keys": []map[string]string{{
		"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": keyID, "x": base64.RawURLEncoding.EncodeToString(public),
	}}})
}

// sign makes a compact JWS of claims.
func (k keys) sign(typ string, claims any) string {
	part := base64.RawURLEncoding.EncodeToString
	head := part(encode(map[string]string{"alg": "EdDSA", "kid": keyID, "typ": typ}))
	text := head + "." + part(encode(claims))
	return text + "." + part(ed25519.Sign(k.private, []byte(text)))
}

// token is what proves to a peer who calls.
func (c *Company) token(peer charging.CompanyID) string {
	now := time.Now()
	return c.keys.sign("company", map[string]any{"iss": c.o.Self, "aud": peer, "iat": now.Unix(), "exp": now.Add(90 * time.Second).Unix()})
}

// stamp is a ticket in the making, true until somebody changes it.
type stamp struct {
	trip    charging.TripID
	origin  charging.CompanyID
	granted time.Time
	evse    charging.EVSEID
	expires time.Time
	// lie says what is wrong with it, as the report names it.
	lie string
}

// truth is a ticket of one of the cheat's own trips, as an honest company would stamp it now.
func (c *Company) truth(trip charging.TripID) stamp {
	now := time.Now()
	return stamp{trip: trip, origin: c.o.Self, granted: now, evse: c.evses()[0], expires: now.Add(charging.TicketLife)}
}

// signed makes the ticket's text and keeps what it says for the judge.
func (c *Company) signed(s stamp) (text, grantedAt string) {
	grantedAt = strconv.FormatInt(max(s.granted.UnixMicro(), 1), 10)
	text = c.keys.sign("ticket", map[string]any{
		"trip_id": s.trip, "origin": s.origin, "issuer": c.o.Self, "granted_at": grantedAt, "evse_id": s.evse, "exp": s.expires.Unix(),
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.did.Stamps = append(c.did.Stamps, history.Stamp{Trip: s.trip, GrantedAt: grantedAt, Lie: s.lie})
	return text, grantedAt
}

func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // of our own types
	}
	return raw
}
