package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Present tells of EVSEs that are shown as is says whose booked window has begun, and
// since when each is as it is, in one round trip. Nothing but what is shown depends on
// it. STORE_UNAVAILABLE.
func (c Calendar) Present(ctx context.Context, at []charging.Premises, is map[charging.EVSEID]charging.Condition) (map[charging.EVSEID]charging.Presence, error) {
	now, out := c.present(), map[charging.EVSEID]charging.Presence{}
	pipe := c.rdb.Pipeline()
	read := map[charging.EVSEID]func() charging.Presence{}
	for _, p := range at {
		for _, e := range p.EVSEs {
			read[e] = c.presence(ctx, pipe, p.Location, e, is[e], now)
		}
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, failed(ctx, "how the EVSEs are", err)
	}
	for e, f := range read {
		out[e] = f()
	}
	return out, nil
}

// presence asks for what an EVSE's condition rests on, and reads it afterwards.
func (c Calendar) presence(ctx context.Context, pipe redis.Pipeliner, loc charging.LocationID, e charging.EVSEID, is charging.Condition, now time.Time) func() charging.Presence {
	since := func(s charging.EVSEStatus, cmd *redis.StringCmd) func() charging.Presence {
		return func() charging.Presence {
			p := charging.Presence{Status: s, Reason: is.OutOfService}
			if ms := number(cmd.Val()); ms > 0 {
				p.Since = time.UnixMilli(ms).UTC()
			}
			return p
		}
	}
	switch {
	case is.OutOfService != "":
		return since(charging.StatusOutOfOrder, pipe.HGet(ctx, c.keys.oos(loc), outSince+string(e)))
	case is.Charging != "":
		return since(charging.StatusCharging, pipe.HGet(ctx, c.keys.rsv(loc, is.Charging), "started"))
	}
	begun := pipe.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{Key: c.keys.cal(loc, e), ByScore: true, Rev: true, Start: seconds(now), Stop: "-inf", Count: 1})
	return func() charging.Presence {
		for _, z := range begun.Val() {
			name, _ := z.Member.(string)
			parts := strings.SplitN(name, "|", 3)
			if len(parts) == 3 && parts[0] == "R" && fromSeconds(number(parts[1])).After(now) {
				return charging.Presence{Status: charging.StatusReserved, Since: fromSeconds(int64(z.Score))}
			}
		}
		return charging.Presence{Status: charging.StatusAvailable}
	}
}
