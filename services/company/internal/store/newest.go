package store

import (
	"context"
	"time"
)

// newest puts keys on the list of whom they belong to, and deletes what is behind the
// newest most of them. The list lives as long as its newest key. What a lost answer
// leaves undone ends by its own time to live.
func (c *conn) newest(ctx context.Context, list string, most int, life time.Duration, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	pipe := c.rdb.Pipeline()
	for _, k := range keys {
		pipe.LPush(ctx, list, k)
	}
	beyond := pipe.LRange(ctx, list, int64(most), -1)
	pipe.LTrim(ctx, list, 0, int64(most)-1)
	pipe.PExpire(ctx, list, life)
	if _, err := pipe.Exec(ctx); err != nil {
		return err
	}
	if len(beyond.Val()) == 0 {
		return nil
	}
	pipe = c.rdb.Pipeline()
	for _, k := range beyond.Val() {
		pipe.Del(ctx, k)
	}
	_, err := pipe.Exec(ctx)
	return err
}
