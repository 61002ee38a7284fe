package store

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// ShownKeys are the signing keys of one server of the company, as it has shown
// them to the others.
type ShownKeys struct {
	Server string `json:"-"`
	// Since is when they were shown, by Redis's clock (ms).
	Since int64 `json:"since"`
	// KeyIDs of all keys that it publishes; the first signs.
	KeyIDs []string `json:"keys"`
	// Until is when the server counts as gone (ms) unless it gives a sign: it
	// grows while the server lives.
	Until int64 `json:"-"`
}

// ShowKeys tells the other servers which keys a server has, and takes off the
// list those that are gone.
func (b Bus) ShowKeys(ctx context.Context, server string, keyIDs []string) (ShownKeys, error) {
	mine := ShownKeys{Server: server, KeyIDs: keyIDs}
	now, err := b.Time(ctx)
	if err != nil {
		return mine, err
	}
	mine.Since = now.UnixMilli()
	raw, err := json.Marshal(mine)
	if err != nil {
		return mine, failed(ctx, "show keys", err)
	}
	all, err := b.keysShown(ctx)
	if err != nil {
		return mine, err
	}
	gone := slices.DeleteFunc(all, func(s ShownKeys) bool { return s.Until > 0 })
	for _, s := range gone {
		if err := b.HideKeys(ctx, s.Server); err != nil {
			return mine, err
		}
	}
	return mine, failed(ctx, "show keys", b.rdb.HSet(ctx, b.keys.shown(), server, raw).Err())
}

// HideKeys takes a server's keys off the list.
func (b Bus) HideKeys(ctx context.Context, server string) error {
	return failed(ctx, "hide keys", b.rdb.HDel(ctx, b.keys.shown(), server).Err())
}

// KeysShown lists the keys of the other servers that are there.
func (b Bus) KeysShown(ctx context.Context, server string) ([]ShownKeys, error) {
	all, err := b.keysShown(ctx)
	return slices.DeleteFunc(all, func(s ShownKeys) bool { return s.Server == server || s.Until == 0 }), err
}

// keysShown lists all keys; Until is zero for servers that are gone.
func (b Bus) keysShown(ctx context.Context) ([]ShownKeys, error) {
	now, err := b.Time(ctx)
	if err != nil {
		return nil, err
	}
	pipe := b.rdb.Pipeline()
	there := pipe.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{
		Key: b.keys.servers(), ByScore: true, Start: "(" + strconv.FormatInt(now.UnixMilli(), 10), Stop: "+inf",
	})
	shown := pipe.HGetAll(ctx, b.keys.shown())
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, failed(ctx, "look at the servers' keys", err)
	}
	until := map[string]int64{}
	for _, z := range there.Val() {
		until[z.Member.(string)] = int64(z.Score)
	}
	var all []ShownKeys
	for server, raw := range shown.Val() {
		s := ShownKeys{}
		if json.Unmarshal([]byte(raw), &s) != nil || len(s.KeyIDs) == 0 {
			continue // of another version
		}
		s.Server, s.Until = server, until[server]
		all = append(all, s)
	}
	return all, nil
}

// keysLook is the pause between two looks at a server that may be gone.
const keysLook = 100 * time.Millisecond

// StillThere reports whether a server gives another sign of life, or goes. It takes
// as long as servers may be silent, at most.
func (b Bus) StillThere(ctx context.Context, s ShownKeys) (bool, error) {
	for {
		all, err := b.KeysShown(ctx, "")
		if err != nil {
			return false, err
		}
		k := slices.IndexFunc(all, func(o ShownKeys) bool { return o.Server == s.Server })
		if k < 0 {
			return false, nil
		}
		if all[k].Until > s.Until {
			return true, nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(keysLook):
		}
	}
}
