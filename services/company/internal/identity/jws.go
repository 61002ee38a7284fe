package identity

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	jose "github.com/go-jose/go-jose/v4/json" // tells "alg" from "ALG", and refuses a name that stands twice

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// What companies sign are compact JWS (RFC 7515 §7.1) of one algorithm, EdDSA with
// Ed25519 (RFC 8037 §3.1). Each trip has a few, so that they are read and written here
// without a library's objects; the library's is the second opinion in the tests.

// jwsHeader is the protected header. Its fields are in the order in which they are
// written: a company's servers of several editions sign the same ticket with the same
// text.
type jwsHeader struct {
	Algorithm   string `json:"alg"`
	Proof       string `json:"at,omitempty"`
	KeyID       string `json:"kid"`
	Reservation string `json:"rsv,omitempty"`
	Type        string `json:"typ"`

	// Critical names what a reader must know (RFC 7515 §4.1.11). Nothing that may stand
	// there is known, so that a text that has it is refused.
	Critical any `json:"crit,omitempty"`
}

// algorithm is the only one; "none" and those with a shared secret are never read.
const algorithm = "EdDSA"

// maxToken bounds a ticket or a vehicle's token, in bytes.
const maxToken = 4096

var base64url = base64.RawURLEncoding.Strict()

// errForged is wrapped by open for whatever cannot be a signed text of ours.
var errForged = errors.New("not signed by that company")

// sign makes a compact JWS with the key that the header names. The same header, payload
// and key give the same text, because Ed25519 is deterministic.
func (k *Keys) sign(payload any, head jwsHeader) (string, error) {
	key, ok := k.set.Load().private[head.KeyID]
	if !ok {
		return "", fmt.Errorf("identity: no key %q to sign with", head.KeyID)
	}
	head.Algorithm = algorithm
	protected, err := json.Marshal(head)
	if err != nil {
		return "", fmt.Errorf("identity: sign: %w", err)
	}
	said, err := json.Marshal(payload)
	if err != nil {
		return "", fmt.Errorf("identity: sign: %w", err)
	}
	text := make([]byte, 0, base64url.EncodedLen(len(protected)+len(said)+ed25519.SignatureSize)+8)
	text = base64url.AppendEncode(text, protected)
	text = base64url.AppendEncode(append(text, '.'), said)
	signature := ed25519.Sign(key, text)
	return string(base64url.AppendEncode(append(text, '.'), signature)), nil
}

// claims are what a company signs, of whatever type.
type claims interface{ issuer() charging.CompanyID }

// open checks a compact JWS of the given type, and gives what its payload and its header
// say. read takes the claims out of a payload that nobody has checked yet. Errors that
// wrap errForged or ErrUnknownCompany are verdicts.
func open[C claims](ctx context.Context, r *Ring, token, typ string, read func(payload []byte) (C, error)) (said C, head jwsHeader, err error) {
	var nothing C
	head, payload, signature, err := parse(token)
	if err == nil && head.Type != typ {
		err = fmt.Errorf("it is of type %.20q", head.Type)
	}
	if err == nil {
		said, err = read(payload)
	}
	if err != nil {
		return nothing, head, fmt.Errorf("%w: %w", errForged, err)
	}
	key, err := r.key(ctx, said.issuer(), head.KeyID)
	if errors.Is(err, errNoKey) {
		return nothing, head, fmt.Errorf("%w: %s has no key %.64q", errForged, said.issuer(), head.KeyID)
	}
	if err != nil {
		return nothing, head, fmt.Errorf("keys of %s: %w", said.issuer(), err)
	}
	if !ed25519.Verify(key, []byte(token[:strings.LastIndexByte(token, '.')]), signature) {
		return nothing, head, fmt.Errorf("%w: its signature is another one", errForged)
	}
	return said, head, nil
}

// parse takes a compact JWS apart; nothing is checked but its form.
func parse(token string) (head jwsHeader, payload, signature []byte, err error) {
	if len(token) > maxToken {
		return head, nil, nil, fmt.Errorf("it has %d bytes", len(token))
	}
	first, rest, _ := strings.Cut(token, ".")
	second, third, two := strings.Cut(rest, ".")
	if !two || strings.ContainsRune(third, '.') || strings.ContainsAny(token, "\r\n") { // which base64 would pass over
		return head, nil, nil, errors.New("it has not the three parts of a JWS")
	}
	protected, err := base64url.DecodeString(first)
	if err == nil {
		payload, err = base64url.DecodeString(second)
	}
	if err == nil {
		signature, err = base64url.DecodeString(third)
	}
	if err == nil {
		err = jose.Unmarshal(protected, &head)
	}
	switch {
	case err != nil:
		return head, nil, nil, err
	case head.Algorithm != algorithm:
		return head, nil, nil, fmt.Errorf("it is signed by %.20q; want %s", head.Algorithm, algorithm)
	case head.Critical != nil:
		return head, nil, nil, errors.New("its header has what a reader would have to know")
	}
	return head, payload, signature, nil
}

// verdict reports whether an error of open is final.
func verdict(err error) bool { return errors.Is(err, errForged) || errors.Is(err, ErrUnknownCompany) }
