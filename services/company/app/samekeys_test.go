package app

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// keyFiles makes files of keys: each name's letters are the keys, in order.
func keyFiles(t *testing.T, names ...string) func(name string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		var all []byte
		for _, letter := range strings.Split(name, "") {
			one := filepath.Join(dir, letter)
			if _, err := identity.LoadKeys(one); err != nil {
				t.Fatal(err)
			}
			raw, err := os.ReadFile(one)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, raw...)
		}
		if err := os.WriteFile(filepath.Join(dir, name), all, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(name string) string { return filepath.Join(dir, name) }
}

// startBeside starts a server of MAR on a store with a file of keys.
func startBeside(t *testing.T, mr *miniredis.Miniredis, keys string) (*App, error) {
	t.Helper()
	o := good()
	o.Peers, o.Store, o.KeyFile = nil, Store{URL: "redis://" + mr.Addr()}, keys
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, a) })
	return a, a.Start(t.Context())
}

// Two servers that would not accept what the other signs do not run beside each
// other; keys can be changed one server at a time all the same.
func TestServersOfOneCompanyKnowEachOthersKeys(t *testing.T) {
	mr := miniredis.RunT(t)
	t.Cleanup(advance(mr))
	file := keyFiles(t, "a", "b", "ab", "ba")
	first, err := startBeside(t, mr, file("a"))
	if err != nil {
		t.Fatal(err)
	}
	refused := func(name, why string) {
		t.Helper()
		a, err := startBeside(t, mr, file(name))
		for n := 0; err == nil && n < 3; n++ { // so busy a machine that the first gave no sign for 3 s
			stop(t, a)
			a, err = startBeside(t, mr, file(name))
		}
		if err == nil || !strings.Contains(err.Error(), "Start both with the same --key-file") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", why, err)
		}
		stop(t, a)
	}
	runs := func(name, why string) *App {
		t.Helper()
		a, err := startBeside(t, mr, file(name))
		if err != nil {
			t.Fatalf("%s: %v", why, err)
		}
		return a
	}
	refused("b", "another key")
	refused("ba", "a new key that signs, and the other server does not have")
	second := runs("ab", "a new key behind the old one")
	stop(t, first)
	third := runs("ba", "the new key first, where all have it")
	stop(t, second)
	fourth := runs("b", "the old key taken away")
	stop(t, third)
	stop(t, fourth)
	runs("a", "another key, where nobody is any more")
}

// A server that died without a word keeps nobody from starting.
func TestADeadServersKeysAreWaitedOut(t *testing.T) {
	mr := miniredis.RunT(t)
	t.Cleanup(advance(mr))
	mr.HSet("servers:keys", "MAR-dead", `{"since":1,"keys":["gone"]}`)
	if _, err := mr.ZAdd("servers", float64(time.Now().Add(time.Second).UnixMilli()), "MAR-dead"); err != nil {
		t.Fatal(err)
	}
	keys := keyFiles(t, "a")("a")
	if _, err := startBeside(t, mr, keys); err != nil {
		t.Fatal(err)
	}
	if _, err := startBeside(t, mr, keys); err != nil { // which finds the dead one on the list
		t.Fatal(err)
	}
	if left, _ := mr.HKeys("servers:keys"); slices.Contains(left, "MAR-dead") {
		t.Errorf("the dead server's keys are still shown: %v", left)
	}
}
