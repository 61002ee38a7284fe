package identity

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func private(k *Keys) []ed25519.PrivateKey {
	var all []ed25519.PrivateKey
	for _, j := range k.set.Load().order {
		all = append(all, j.Key.(ed25519.PrivateKey))
	}
	return all
}

func TestKeyFileIsCreatedOnceAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "keys.pem")
	ids := make([]string, 8)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			if k, err := LoadKeys(path); err != nil {
				t.Error(err)
			} else {
				ids[i] = k.KeyID()
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || id == "" {
			t.Fatalf("different keys of one file: %v", ids)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	left, _ := os.ReadDir(filepath.Dir(path))
	if len(left) != 1 {
		t.Errorf("left over: %v", left)
	}
}

func TestKeyFilesOfBothForms(t *testing.T) {
	a, b := mustKeys(t), mustKeys(t)
	var blocks strings.Builder
	for _, p := range append(private(a), private(b)...) {
		der, _ := x509.MarshalPKCS8PrivateKey(p)
		_ = pem.Encode(&blocks, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	set, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: private(a)[0]}, {Key: private(b)[0]}}})
	for name, text := range map[string]string{"pem": blocks.String(), "jwks": string(set)} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := LoadKeys(path)
		if err != nil || k.KeyID() != a.KeyID() || len(k.set.Load().order) != 2 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeyFilesThatAreNone(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, _ := x509.MarshalPKCS8PrivateKey(ec)
	public, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{mustKeys(t).set.Load().order[0].Public()}})
	for name, text := range map[string]string{
		"empty": "", "text": "hello", "broken JSON": "{", "no keys": `{"keys":[]}`,
		"another curve": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"a public key":  string(public),
		"broken block":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})),
	} {
		path := filepath.Join(t.TempDir(), "k")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKeys(path); err == nil {
			t.Errorf("%s accepted", name)
		}
	}
}

func TestPublishedKeysTellNoSecret(t *testing.T) {
	k := mustKeys(t)
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(k.JWKS(), &set); err != nil || len(set.Keys) != 1 {
		t.Fatal(err, string(k.JWKS()))
	}
	if _, leaked := set.Keys[0]["d"]; leaked || set.Keys[0]["kid"] != k.KeyID() || set.Keys[0]["crv"] != "Ed25519" {
		t.Errorf("published %s", k.JWKS())
	}
}
