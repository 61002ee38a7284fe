package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// retryAfter is what a caller is told while Redis is away.
const retryAfter = time.Second

// inability is an error of Redis's own that says that it cannot serve now.
type inability struct {
	// word is the first of its text.
	word string
	// is recognizes it; nil where go-redis has no type for it.
	is func(error) bool
	// remedy says in words what it is and what to do about it; empty where it passes
	// by itself.
	remedy string
}

// inabilities are all of them.
var inabilities = []inability{
	{"OOM", redis.IsOOMError, "it is at its maxmemory (OOM): raise maxmemory"},
	{"READONLY", redis.IsReadOnlyError, "it is a read-only replica (READONLY): name the master in the store's address, or say REPLICAOF NO ONE there"},
	{"MASTERDOWN", redis.IsMasterDownError, "it is a replica whose master is away (MASTERDOWN): name the master in the store's address, or say REPLICAOF NO ONE there"},
	{"MISCONF", nil, "it cannot write its data to disk (MISCONF): look at its log and its disk"},
	{"NOREPLICAS", redis.IsNoReplicasError, "fewer replicas are connected than its min-replicas-to-write (NOREPLICAS): start replicas"},
	{"CLUSTERDOWN", redis.IsClusterDownError, "its cluster is incomplete (CLUSTERDOWN): start the masters that are away"},
	{"NOAUTH", nil, "it wants a password (NOAUTH): put it in the store's address"},
	{"WRONGPASS", nil, "it does not know this password (WRONGPASS): correct the store's address"},
	{"NOPERM", redis.IsPermissionError, "its user may not do this (NOPERM): look at its ACL"},
	{"LOADING", redis.IsLoadingError, "it is still reading its data (LOADING): wait"},
	{"TRYAGAIN", redis.IsTryAgainError, ""},
	{"MOVED", moved, ""},
	{"ASK", ask, ""},
	{"BUSY", nil, ""},
	{"ERR max number of clients", redis.IsMaxClientsError, ""},
}

// matches recognizes it also inside a script of Redis 6, whose text has a dash before it.
func (i inability) matches(err error) bool {
	if i.is != nil && i.is(err) || i.is == nil && redis.HasErrorPrefix(err, i.word) {
		return true
	}
	return strings.Contains(err.Error(), "-"+i.word+" ")
}

func moved(err error) bool {
	_, ok := redis.IsMovedError(err)
	return ok
}

func ask(err error) bool {
	_, ok := redis.IsAskError(err)
	return ok
}

// failed turns an error of go-redis into one of the company: the caller's own
// context error, STORE_UNAVAILABLE when Redis cannot be asked, and what is left
// (a wrong type, a bug in a script) as it is. op names the step.
func failed(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("store: %s: %w", op, ctx.Err())
	}
	var fromRedis redis.Error
	if errors.As(err, &fromRedis) && !unavailable(err) {
		return fmt.Errorf("store: %s: %w", op, err)
	}
	return &charging.Refusal{
		Code:       charging.CodeStoreUnavailable,
		Detail:     "the store cannot be asked now (" + op + "); repeat the request",
		RetryAfter: retryAfter,
		Cause:      err,
	}
}

func unavailable(err error) bool {
	return slices.ContainsFunc(inabilities, func(i inability) bool { return i.matches(err) })
}

// noScript says that Redis has forgotten its scripts (a restart, a fail-over).
func noScript(err error) bool { return redis.HasErrorPrefix(err, "NOSCRIPT") }
