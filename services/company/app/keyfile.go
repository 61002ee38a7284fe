package app

import (
	"path/filepath"

	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// KeyFile is where a company with a data directory has its keys.
func KeyFile(dataDir string) string { return filepath.Join(dataDir, "keys.pem") }

// Thumbprints are those of the keys in a file, the one that signs first. A file that
// does not exist is made, with one key.
func Thumbprints(path string) ([]string, error) {
	keys, err := identity.LoadKeys(path)
	if err != nil {
		return nil, err
	}
	return keys.KeyIDs(), nil
}

// RotateKeys puts a new key first in a file, and gives the thumbprints; a server takes
// it over within ten seconds.
func RotateKeys(path string) ([]string, error) { return identity.Rotate(path) }

// DropKeys takes out all but the first key of a file: what they have signed ends.
func DropKeys(path string) ([]string, error) { return identity.DropOld(path) }
