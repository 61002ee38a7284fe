package store

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Bus is how the servers of one company that share a Redis tell each other
// things. What is told reaches those who listen then, at most once: it is for
// waking and showing, never for what must not be lost.
type Bus struct{ *conn }

// Announce says that a server is there until it has been silent for life, and
// answers who else is. A life of zero says that it goes.
func (b Bus) Announce(ctx context.Context, server string, life time.Duration) (others []string, err error) {
	now, err := b.Time(ctx)
	if err != nil {
		return nil, err
	}
	pipe := b.rdb.Pipeline()
	key := b.keys.servers()
	if life > 0 {
		pipe.ZAdd(ctx, key, redis.Z{Score: float64(now.Add(life).UnixMilli()), Member: server})
	} else {
		pipe.ZRem(ctx, key, server)
	}
	pipe.ZRemRangeByScore(ctx, key, "-inf", millis(now))
	there := pipe.ZRange(ctx, key, 0, -1)
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, failed(ctx, "announce server", err)
	}
	for _, s := range there.Val() {
		if s != server {
			others = append(others, s)
		}
	}
	return others, nil
}

// Tell sends a message to every server of a company that listens, this one too.
func (b Bus) Tell(ctx context.Context, company charging.CompanyID, message []byte) error {
	return failed(ctx, "tell servers", b.rdb.Publish(ctx, b.channel(company), message).Err())
}

// channel names the database too, which Redis's channels do not know of.
func (b Bus) channel(company charging.CompanyID) string {
	return b.keys.prefix + "servers:" + string(company) + ":" + strconv.Itoa(b.db)
}

// Listen hears what is told until the context ends. joined is called when it
// hears from now on, and again after each loss of the connection: what was told
// in between is missed.
func (b Bus) Listen(ctx context.Context, company charging.CompanyID, joined func(), hear func([]byte)) {
	for ctx.Err() == nil {
		b.listenOnce(ctx, company, joined, hear)
		select {
		case <-ctx.Done():
		case <-time.After(listenAgain):
		}
	}
}

const (
	// listenAgain is the pause after the loss of a connection.
	listenAgain = 250 * time.Millisecond
	// silence is after how long a quiet connection is asked for a sign of life;
	// after twice that it counts as lost.
	silence = 2 * time.Second
)

// listenOnce listens on one connection until it is lost.
func (b Bus) listenOnce(ctx context.Context, company charging.CompanyID, joined func(), hear func([]byte)) {
	sub := b.rdb.Subscribe(ctx, b.channel(company))
	defer func() { _ = sub.Close() }()
	defer context.AfterFunc(ctx, func() { _ = sub.Close() })()
	for asked := false; ; {
		m, err := sub.ReceiveTimeout(ctx, silence)
		var slow net.Error
		switch {
		case errors.As(err, &slow) && slow.Timeout() && !asked:
			if asked = true; sub.Ping(ctx) != nil {
				return
			}
			continue
		case err != nil:
			return
		}
		asked = false
		switch m := m.(type) {
		case *redis.Subscription:
			joined()
		case *redis.Message:
			hear([]byte(m.Payload))
		}
	}
}
