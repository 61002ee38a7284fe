package store

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// ListedSessions gives the data of somebody's sessions that have not ended, by the
// hashes of their ids.
func (g Registry) ListedSessions(ctx context.Context, of string) (map[string][]byte, error) {
	kept, err := g.rdb.LRange(ctx, g.keys.sessionsOf(of), 0, -1).Result()
	if err != nil || len(kept) == 0 {
		return nil, failed(ctx, "listed sessions", err)
	}
	pipe := g.rdb.Pipeline()
	asked := make(map[string]*redis.StringCmd, len(kept))
	for _, key := range kept {
		asked[g.keys.sessionHash(key)] = pipe.Get(ctx, key)
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, failed(ctx, "listed sessions", err)
	}
	found := make(map[string][]byte, len(asked))
	for h, cmd := range asked {
		switch data, err := cmd.Bytes(); {
		case err == nil:
			found[h] = data
		case !errors.Is(err, redis.Nil):
			return nil, failed(ctx, "listed sessions", err)
		}
	}
	return found, nil
}
