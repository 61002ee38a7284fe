package identity

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// sessions are those of browsers: who has shown a secret once, until he leaves.
type sessions struct{ o Options }

// SessionLife is how long a browser's session lasts.
func (s *sessions) SessionLife() time.Duration { return s.o.SessionLife }

// OpenSession gives a new random id (256 bits) that stands for a vehicle or the
// operator. Only its hash is kept. UNAUTHENTICATED, STORE_UNAVAILABLE.
func (s *sessions) OpenSession(ctx context.Context, c Caller) (string, error) {
	if c.Kind != Vehicle && c.Kind != Operator {
		return "", unauthenticated("a session needs a vehicle's or the operator's name and secret")
	}
	var id [32]byte
	_, _ = rand.Read(id[:]) // never fails
	now := s.o.Now()
	data, err := json.Marshal(sessionRecord{c, now.UTC(), now.Add(s.o.SessionLife).UTC()})
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
func (s *sessions) Session(ctx context.Context, id string) (Caller, error) {
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
func (s *sessions) CloseSession(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	of := ""
	if c, err := s.Session(ctx, id); err == nil {
		of, _ = sessionsOf(c)
	}
	return s.o.Registry.DropSession(ctx, of, sessionHash(id))
}

// sessionRecord is what is kept of a session. One of an edition before the times were
// kept has none, and is on no list.
type sessionRecord struct {
	Caller
	Opened, Until time.Time
}

// OpenedSession is a session as its owner is shown it.
type OpenedSession struct {
	// ID names it, and opens nothing: a part of the hash of what the cookie has.
	ID            string
	Opened, Until time.Time
}

// shownID is how many hex digits of a session's hash name it.
const shownID = 16

// SessionID is the name by which the session is listed that a cookie stands for.
func SessionID(cookie string) string { return sessionHash(cookie)[:shownID] }

// Sessions are the caller's open sessions at this company, the newest first.
// UNAUTHENTICATED, STORE_UNAVAILABLE.
func (s *sessions) Sessions(ctx context.Context, c Caller) ([]OpenedSession, error) {
	listed, err := s.listed(ctx, c)
	if err != nil {
		return nil, err
	}
	open := make([]OpenedSession, 0, len(listed))
	for hash, r := range listed {
		open = append(open, OpenedSession{hash[:shownID], r.Opened, r.Until})
	}
	slices.SortFunc(open, func(a, b OpenedSession) int {
		return cmp.Or(b.Opened.Compare(a.Opened), cmp.Compare(a.ID, b.ID))
	})
	return open, nil
}

// listed are a caller's sessions by the hashes of their ids, without those that a
// revocation has ended.
func (s *sessions) listed(ctx context.Context, c Caller) (map[string]sessionRecord, error) {
	if c.Kind != Vehicle && c.Kind != Operator {
		return nil, unauthenticated("sessions are a vehicle's or the operator's")
	}
	of, _ := sessionsOf(c)
	kept, err := s.o.Registry.ListedSessions(ctx, of)
	if err != nil {
		return nil, err
	}
	listed := map[string]sessionRecord{}
	for hash, data := range kept {
		var r sessionRecord
		if json.Unmarshal(data, &r) == nil && len(hash) >= shownID && r.Kind == c.Kind && r.Vehicle == c.Vehicle && !s.o.Revoked.Revoked(r.Caller) {
			listed[hash] = r
		}
	}
	return listed, nil
}

// EndSession ends one of the caller's sessions by its listed id; none of that id is no
// error, another's neither, and stays. UNAUTHENTICATED, STORE_UNAVAILABLE.
func (s *sessions) EndSession(ctx context.Context, c Caller, id string) error {
	listed, err := s.listed(ctx, c)
	if err != nil {
		return err
	}
	of, _ := sessionsOf(c)
	for hash := range listed {
		if hash[:shownID] == id {
			return s.o.Registry.DropSession(ctx, of, hash)
		}
	}
	return nil
}

func sessionHash(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}
