package embedded

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// passwordName is the file in the data directory that has the store's password.
const passwordName = "password"

// passwords tells with which password the store is to be started (none unless wanted), and which
// one a survivor of an earlier run may ask for. Whoever holds the lock on the directory calls it.
func passwords(dir string, wanted bool) (now, before string, err error) {
	path := filepath.Join(dir, passwordName)
	raw, err := os.ReadFile(path)
	switch before = strings.TrimSpace(string(raw)); {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", "", fmt.Errorf("the store's password: %w", err)
	case err == nil && strings.ContainsAny(before, " \t\r\n\"'"):
		return "", "", fmt.Errorf("%s is no password of one word: delete the file, a new one is made", path)
	case !wanted:
		return "", before, nil
	case before != "":
		return before, before, nil
	}
	now = rand.Text()
	// A new name first: a half-written password would lock everybody out.
	if err := os.WriteFile(path+".new", []byte(now+"\n"), 0o600); err != nil {
		return "", "", fmt.Errorf("the store's password: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return "", "", fmt.Errorf("the store's password: %w", err)
	}
	return now, "", nil
}
