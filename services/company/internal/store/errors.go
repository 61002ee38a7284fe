package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// retryAfter is what a caller is told while Redis is away.
const retryAfter = time.Second

// away are the prefixes of Redis's own errors that say that it cannot serve
// now. Inside a script Redis 6 puts a dash before them.
var away = []string{
	"LOADING", "READONLY", "OOM", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "MOVED", "ASK", "BUSY",
	"MISCONF", "NOREPLICAS", "NOAUTH", "WRONGPASS", "NOPERM", "ERR max number of clients",
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
	if errors.As(err, &fromRedis) && !unavailable(fromRedis.Error()) {
		return fmt.Errorf("store: %s: %w", op, err)
	}
	return &charging.Refusal{
		Code:       charging.CodeStoreUnavailable,
		Detail:     "the store cannot be asked now (" + op + "); repeat the request",
		RetryAfter: retryAfter,
		Cause:      err,
	}
}

func unavailable(message string) bool {
	for _, p := range away {
		if strings.HasPrefix(message, p) || strings.Contains(message, "-"+p+" ") {
			return true
		}
	}
	return false
}

// noScript says that Redis has forgotten its scripts (a restart, a fail-over).
func noScript(err error) bool { return redis.HasErrorPrefix(err, "NOSCRIPT") }
