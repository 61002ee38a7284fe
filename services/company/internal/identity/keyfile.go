package identity

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Rotate puts a new key before those of a file: from the next look on a server signs
// with it, and the others still verify. A JWK set is left alone: whoever made it
// makes the next one.
func Rotate(path string) ([]string, error) {
	_, fresh, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	return rewrite(path, func(had []ed25519.PrivateKey) []ed25519.PrivateKey {
		return append([]ed25519.PrivateKey{fresh}, had...)
	})
}

// DropOld leaves the first key of a file alone. What the others have signed (vehicles'
// secrets, tickets) ends.
func DropOld(path string) ([]string, error) {
	return rewrite(path, func(had []ed25519.PrivateKey) []ed25519.PrivateKey { return had[:1] })
}

// rewrite changes a key file at once and as a whole, and gives the thumbprints that it
// has then.
func rewrite(path string, change func([]ed25519.PrivateKey) []ed25519.PrivateKey) ([]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("identity: keys: %w", err)
	}
	had, err := fromPEM(raw)
	if err == nil && len(had) == 0 {
		err = errors.New("no PKCS#8 key in PEM; a JWK set is changed by whoever made it")
	}
	if err != nil {
		return nil, fmt.Errorf("identity: keys in %s: %w", path, err)
	}
	now := change(had)
	set, err := keysOf(now)
	if err != nil {
		return nil, err
	}
	return set.ids(), replaceKeyFile(path, now)
}

// replaceKeyFile writes aside and renames, so that nobody ever reads half a file.
func replaceKeyFile(path string, keys []ed25519.PrivateKey) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	for _, k := range keys {
		der, encodeErr := x509.MarshalPKCS8PrivateKey(k)
		err = errors.Join(err, encodeErr, pem.Encode(tmp, &pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
