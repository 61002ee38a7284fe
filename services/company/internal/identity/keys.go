package identity

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/go-jose/go-jose/v4"
)

// Keys are a company's own Ed25519 keys: the first signs, all are published, so
// that a new key can be put first while the old one still verifies. They may be read
// anew while they are used.
type Keys struct {
	set  atomic.Pointer[ownKeys]
	file string
}

// ownKeys are those of one moment.
type ownKeys struct {
	order   []jose.JSONWebKey // as they are published, with their private parts
	private map[string]ed25519.PrivateKey
}

// NewKeys makes one key that lives as long as the process.
func NewKeys() (*Keys, error) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("identity: make a key: %w", err)
	}
	set, err := keysOf([]ed25519.PrivateKey{private})
	return held(set, ""), err
}

// LoadKeys reads keys from a file: PKCS#8 blocks in PEM, or a JWK set. A file
// that does not exist is created with one new key, readable by its owner only.
func LoadKeys(path string) (*Keys, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = createKeyFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("identity: keys: %w", err)
	}
	set, err := readKeys(path, raw)
	return held(set, path), err
}

func held(set *ownKeys, file string) *Keys {
	k := &Keys{file: file}
	k.set.Store(set)
	return k
}

// Reload reads the file again, and reports whether its keys are others. Keys that
// cannot be read change nothing.
func (k *Keys) Reload() (changed bool, err error) {
	if k.file == "" {
		return false, nil
	}
	raw, err := os.ReadFile(k.file)
	if err != nil {
		return false, fmt.Errorf("identity: keys: %w", err)
	}
	set, err := readKeys(k.file, raw)
	if err != nil || slices.Equal(set.ids(), k.KeyIDs()) {
		return false, err
	}
	k.set.Store(set)
	return true, nil
}

func readKeys(path string, raw []byte) (*ownKeys, error) {
	read := fromPEM
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		read = fromJWKS
	}
	private, err := read(raw)
	if err != nil {
		return nil, fmt.Errorf("identity: keys in %s: %w", path, err)
	}
	return keysOf(private)
}

// createKeyFile writes a new key. When another process was quicker, its key is
// the one.
func createKeyFile(path string) ([]byte, error) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// Written aside and linked, so that nobody ever reads half a key.
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	if err := errors.Join(pem.Encode(tmp, &pem.Block{Type: "PRIVATE KEY", Bytes: der}), tmp.Sync(), tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

func fromPEM(raw []byte) ([]ed25519.PrivateKey, error) {
	var all []ed25519.PrivateKey
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		private, ok := k.(ed25519.PrivateKey)
		if !ok {
			return nil, fmt.Errorf("a %T; only Ed25519 keys are used", k)
		}
		all = append(all, private)
	}
	return all, nil
}

func fromJWKS(raw []byte) ([]ed25519.PrivateKey, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, err
	}
	var all []ed25519.PrivateKey
	for _, k := range set.Keys {
		private, ok := k.Key.(ed25519.PrivateKey)
		if !ok {
			return nil, fmt.Errorf("key %q is a %T; only Ed25519 private keys are used", k.KeyID, k.Key)
		}
		all = append(all, private)
	}
	return all, nil
}

func keysOf(private []ed25519.PrivateKey) (*ownKeys, error) {
	if len(private) == 0 {
		return nil, errors.New("identity: no key")
	}
	k := &ownKeys{private: map[string]ed25519.PrivateKey{}}
	for _, p := range private {
		jwk := jose.JSONWebKey{Key: p, Algorithm: string(jose.EdDSA), Use: "sig"}
		id, err := thumbprint(jwk)
		if err != nil {
			return nil, err
		}
		jwk.KeyID = id
		k.order = append(k.order, jwk)
		k.private[jwk.KeyID] = p
	}
	return k, nil
}

// thumbprint is a key's RFC 7638 name.
func thumbprint(k jose.JSONWebKey) (string, error) {
	sum, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("identity: key: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// KeyID names the key that signs now: its RFC 7638 thumbprint.
func (k *Keys) KeyID() string { return k.set.Load().order[0].KeyID }

// KeyIDs names all keys; the first signs.
func (k *Keys) KeyIDs() []string { return k.set.Load().ids() }

func (k *ownKeys) ids() []string {
	var all []string
	for _, key := range k.order {
		all = append(all, key.KeyID)
	}
	return all
}

// public is the key of a name, for those that this company has signed with.
func (k *Keys) public(keyID string) (ed25519.PublicKey, bool) {
	key, ok := k.set.Load().private[keyID]
	if !ok {
		return nil, false
	}
	return key.Public().(ed25519.PublicKey), true
}

// JWKS is the set of public keys (RFC 7517), to publish.
func (k *Keys) JWKS() json.RawMessage {
	var set jose.JSONWebKeySet
	for _, key := range k.set.Load().order {
		set.Keys = append(set.Keys, key.Public())
	}
	raw, _ := json.Marshal(set) // Ed25519 public keys: cannot fail
	return raw
}
