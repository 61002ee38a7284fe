package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// SessionLife is how long a browser's session lasts.
func (s *Service) SessionLife() time.Duration { return s.o.SessionLife }

// OpenSession gives a new random id (256 bits) that stands for a vehicle or the
// operator. Only its hash is kept. UNAUTHENTICATED, STORE_UNAVAILABLE.
func (s *Service) OpenSession(ctx context.Context, c Caller) (string, error) {
	if c.Kind != Vehicle && c.Kind != Operator {
		return "", unauthenticated("a session needs a vehicle's or the operator's name and secret")
	}
	var id [32]byte
	_, _ = rand.Read(id[:]) // never fails
	data, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("identity: session: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString(id[:])
	of, most := sessionsOf(c)
	return text, s.o.Registry.SaveSession(ctx, of, most, sessionHash(text), data, s.o.SessionLife)
}

// sessionsEach is how many sessions a vehicle may have, operatorSessions how many the
// operator, who may be several people. One more ends the oldest.
const sessionsEach, operatorSessions = 16, 64

// sessionsOf says whose list a session is on, and how long that is.
func sessionsOf(c Caller) (of string, most int) {
	if c.Kind == Operator {
		return OperatorName, operatorSessions
	}
	return string(c.Vehicle), sessionsEach
}

// Session tells whom an id stands for. UNAUTHENTICATED, STORE_UNAVAILABLE.
func (s *Service) Session(ctx context.Context, id string) (Caller, error) {
	over := unauthenticated("the session has ended; log in again")
	if len(id) != base64.RawURLEncoding.EncodedLen(32) {
		return Caller{}, over
	}
	data, ok, err := s.o.Registry.LoadSession(ctx, sessionHash(id))
	if err != nil {
		return Caller{}, err
	}
	var c Caller
	if !ok || json.Unmarshal(data, &c) != nil || c.Kind != Vehicle && c.Kind != Operator {
		return Caller{}, over
	}
	if s.o.Revoked.Revoked(c) {
		return Caller{}, revoked(c)
	}
	return c, nil
}

// CloseSession ends a session; none is no error.
func (s *Service) CloseSession(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	of := ""
	if c, err := s.Session(ctx, id); err == nil {
		of, _ = sessionsOf(c)
	}
	return s.o.Registry.DropSession(ctx, of, sessionHash(id))
}

func sessionHash(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}
