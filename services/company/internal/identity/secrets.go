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

// minDifferent is how many different characters a secret has at least, and steps
// from one character to the next: "aaaaaaaaaaaa" and "abcdefghijkl" have one step.
// A random text of minSecret hexadecimal digits has fewer once in 10,000.
const minDifferent = 5

// CheckSecrets refuses empty, default, very short and guessable secrets of a server
// that listens beyond loopback, and two that are the same, naming each; on loopback
// everything goes.
func CheckSecrets(loopback bool, secrets ...Secret) error {
	if loopback {
		return nil
	}
	var errs []error
	names := map[string]string{}
	for _, s := range secrets {
		if other, twice := names[s.Value]; twice && s.Value != "" {
			errs = append(errs, fmt.Errorf("%s is the same as %s: whoever is shown one has both", s.Name, other))
		}
		names[s.Value] = s.Name
		low := strings.ToLower(s.Value)
		switch {
		case s.Value == "":
			errs = append(errs, fmt.Errorf("%s is empty", s.Name))
		case slices.Contains(defaults, low) || strings.HasPrefix(low, "demo-"):
			errs = append(errs, fmt.Errorf("%s is a default that everybody knows", s.Name))
		case len(s.Value) < minSecret:
			errs = append(errs, fmt.Errorf("%s has %d characters; at least %d", s.Name, len(s.Value), minSecret))
		case guessable(low):
			errs = append(errs, fmt.Errorf("%s repeats itself or counts up: take a random one (openssl rand -hex 16)", s.Name))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("a server that listens beyond loopback needs secrets of its own: %w", errors.Join(errs...))
}

// guessable reports whether a text is made of few characters, or in few steps.
func guessable(s string) bool {
	runes := []rune(s)
	characters, steps := map[rune]struct{}{}, map[rune]struct{}{}
	for i, r := range runes {
		characters[r] = struct{}{}
		if i > 0 {
			steps[r-runes[i-1]] = struct{}{}
		}
	}
	return len(characters) < minDifferent || len(steps) < minDifferent
}
