package identity

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Secret is one secret of the configuration, by the name that a person knows it by.
type Secret struct{ Name, Value string }

// minSecret is the least length of a secret beyond loopback.
const minSecret = 12

var defaults = []string{"demo", "secret", "password", "changeme", "change-me", "operator", "eletrovia"}

// CheckSecrets refuses empty, default and very short secrets of a server that
// listens beyond loopback, naming each; on loopback everything goes.
func CheckSecrets(loopback bool, secrets ...Secret) error {
	if loopback {
		return nil
	}
	var errs []error
	for _, s := range secrets {
		low := strings.ToLower(s.Value)
		switch {
		case s.Value == "":
			errs = append(errs, fmt.Errorf("%s is empty", s.Name))
		case slices.Contains(defaults, low) || strings.HasPrefix(low, "demo-"):
			errs = append(errs, fmt.Errorf("%s is a default that everybody knows", s.Name))
		case len(s.Value) < minSecret:
			errs = append(errs, fmt.Errorf("%s has %d characters; at least %d", s.Name, len(s.Value), minSecret))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("a server that listens beyond loopback needs secrets of its own: %w", errors.Join(errs...))
}
