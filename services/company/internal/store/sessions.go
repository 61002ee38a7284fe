package store

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// ListSession puts a browser's session on its owner's list until it is over, and takes
// those off that were over before now. A list lives no longer than its newest session.
func (g Registry) ListSession(ctx context.Context, owner, idHash string, now, until time.Time) error {
	key := g.keys.sessions(owner)
	pipe := g.rdb.Pipeline()
	pipe.ZRemRangeByScore(ctx, key, "-inf", "("+strconv.FormatInt(now.Unix(), 10))
	pipe.ZAdd(ctx, key, redis.Z{Score: float64(until.Unix()), Member: idHash})
	pipe.Expire(ctx, key, until.Sub(now))
	_, err := pipe.Exec(ctx)
	return failed(ctx, "list session", err)
}

// ListedSessions gives the data of an owner's sessions that have not ended, by the
// hashes of their ids.
func (g Registry) ListedSessions(ctx context.Context, owner string) (map[string][]byte, error) {
	hashes, err := g.rdb.ZRange(ctx, g.keys.sessions(owner), 0, -1).Result()
	if err != nil || len(hashes) == 0 {
		return nil, failed(ctx, "listed sessions", err)
	}
	pipe := g.rdb.Pipeline()
	asked := make(map[string]*redis.StringCmd, len(hashes))
	for _, h := range hashes {
		asked[h] = pipe.Get(ctx, g.keys.session(h))
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
