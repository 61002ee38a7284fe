package store

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// CountRegistration counts one registration of an address, at all servers of the company
// together. wait is 0, or in how long there may be one more where limit have been within
// a while; that one is not counted.
func (g Registry) CountRegistration(ctx context.Context, from string, limit int, within time.Duration) (wait time.Duration, err error) {
	ms, err := countScript.Run(ctx, g.rdb, []string{g.keys.registrations(from)}, limit, within.Milliseconds()).Int64()
	return time.Duration(ms) * time.Millisecond, failed(ctx, "count registration", err)
}

// RegisterVehicle stores a new vehicle; created is false when the id is taken. It is
// forgotten after life unless it is used.
func (g Registry) RegisterVehicle(ctx context.Context, id charging.VehicleID, record []byte, life time.Duration) (created bool, err error) {
	got, err := g.once(ctx, g.keys.vehicle(id), string(record), life)
	return err == nil && got == string(record), failed(ctx, "register vehicle", err)
}

// UseVehicle is Vehicle for one that logs in: its record lives for life from now on,
// written at most once a day. A store that takes no writes lets it in all the same.
func (g Registry) UseVehicle(ctx context.Context, id charging.VehicleID, life time.Duration) (record []byte, ok bool, err error) {
	key := g.keys.vehicle(id)
	record, ok, err = g.get(ctx, "vehicle", key)
	if err != nil || !ok {
		return nil, false, err
	}
	if left, err := g.rdb.PTTL(ctx, key).Result(); err == nil && left < life-24*time.Hour {
		_ = g.rdb.PExpire(ctx, key, life).Err()
	}
	return record, true, nil
}

// SaveInvites keeps invitations, by their hashes, for a while.
func (g Registry) SaveInvites(ctx context.Context, hashes []string, life time.Duration) error {
	_, err := g.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, h := range hashes {
			p.Set(ctx, g.keys.invite(h), "1", life)
		}
		return nil
	})
	return failed(ctx, "save invites", err)
}

// TakeInvite uses an invitation up; false where there is none.
func (g Registry) TakeInvite(ctx context.Context, hash string) (bool, error) {
	n, err := g.rdb.Del(ctx, g.keys.invite(hash)).Result()
	return n == 1, failed(ctx, "take invite", err)
}
