package store

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Registry is what a company remembers of vehicles and browsers.
type Registry struct{ *conn }

// once stores a value unless there is one, and answers the one that is there.
// A repeat after a lost answer sees its own value.
func (g Registry) once(ctx context.Context, key, value string, life time.Duration) (string, error) {
	stored, err := g.rdb.SetNX(ctx, key, value, life).Result()
	if err != nil || stored {
		return value, err
	}
	got, err := g.rdb.Get(ctx, key).Result()
	if errors.Is(err, redis.Nil) {
		return value, nil // it has just expired
	}
	return got, err
}

// Issuer is the company that an older edition has tied a vehicle's id to, empty for
// none: ids of now say themselves whose they are.
func (g Registry) Issuer(ctx context.Context, vehicle charging.VehicleID) (charging.CompanyID, error) {
	b, _, err := g.get(ctx, "issuer", g.keys.issuer(vehicle))
	return charging.CompanyID(b), err
}

// Vehicle gives the record of a vehicle that registered here.
func (g Registry) Vehicle(ctx context.Context, id charging.VehicleID) (record []byte, ok bool, err error) {
	return g.get(ctx, "vehicle", g.keys.vehicle(id))
}

// ReplaceVehicle stores a vehicle's record where the present one is old (nil for
// none), for life; replaced is false where it is another. A repeat after a lost answer is
// true, too.
func (g Registry) ReplaceVehicle(ctx context.Context, id charging.VehicleID, old, record []byte, life time.Duration) (replaced bool, err error) {
	n, err := replaceScript.Run(ctx, g.rdb, []string{g.keys.vehicle(id)}, old, record, life.Milliseconds()).Int()
	return n == 1, failed(ctx, "replace vehicle", err)
}

func (g Registry) get(ctx context.Context, op, key string) ([]byte, bool, error) {
	b, err := g.rdb.Get(ctx, key).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, false, nil
	}
	return b, err == nil, failed(ctx, op, err)
}

// Revoke ends vehicles' tokens, by the names that are published: VEHICLE@SECONDS, of
// which the latest of a vehicle counts, or a token's id.
func (g Registry) Revoke(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		return nil
	}
	pipe := g.rdb.Pipeline()
	for _, name := range names {
		vehicle, seconds, _ := strings.Cut(name, "@")
		if n, err := strconv.ParseInt(seconds, 10, 64); err == nil {
			pipe.ZAddGT(ctx, g.keys.revokedThrough(), redis.Z{Score: float64(n), Member: vehicle})
		} else {
			pipe.HSetNX(ctx, g.keys.revoked(), name, "")
		}
	}
	_, err := pipe.Exec(ctx)
	return failed(ctx, "revoke", err)
}

// Revoked lists the names of what has been revoked, in no order. A VEHICLE@SECONDS of
// before since is left out and forgotten; what an edition before has written is not.
func (g Registry) Revoked(ctx context.Context, since time.Time) ([]string, error) {
	from := strconv.FormatInt(since.Unix(), 10)
	pipe := g.rdb.Pipeline()
	tokens := pipe.HKeys(ctx, g.keys.revoked())
	pipe.ZRemRangeByScore(ctx, g.keys.revokedThrough(), "-inf", "("+from)
	through := pipe.ZRangeWithScores(ctx, g.keys.revokedThrough(), 0, -1)
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, failed(ctx, "revoked", err)
	}
	names := tokens.Val()
	for _, z := range through.Val() {
		vehicle, _ := z.Member.(string)
		names = append(names, vehicle+"@"+strconv.FormatInt(int64(z.Score), 10))
	}
	return names, nil
}

// SaveSession keeps a browser's session under a hash of its cookie: of each whom
// sessions are of, the newest most.
func (g Registry) SaveSession(ctx context.Context, of string, most int, idHash string, data []byte, life time.Duration) error {
	key := g.keys.session(idHash)
	if err := g.rdb.Set(ctx, key, data, life).Err(); err != nil {
		return failed(ctx, "save session", err)
	}
	return failed(ctx, "bound sessions", g.newest(ctx, g.keys.sessionsOf(of), most, life, key))
}

// LoadSession gives a session that has not ended.
func (g Registry) LoadSession(ctx context.Context, idHash string) (data []byte, ok bool, err error) {
	return g.get(ctx, "load session", g.keys.session(idHash))
}

// DropSession ends a session of somebody; none is no error.
func (g Registry) DropSession(ctx context.Context, of, idHash string) error {
	pipe := g.rdb.Pipeline()
	pipe.Del(ctx, g.keys.session(idHash))
	if of != "" {
		pipe.LRem(ctx, g.keys.sessionsOf(of), 1, g.keys.session(idHash))
	}
	_, err := pipe.Exec(ctx)
	return failed(ctx, "drop session", err)
}

// SaveReply keeps the first answer to a car's request; a later one changes nothing.
func (g Registry) SaveReply(ctx context.Context, vehicle charging.VehicleID, requestID string, body []byte, life time.Duration) error {
	return failed(ctx, "save reply", g.rdb.SetNX(ctx, g.keys.reply(vehicle, requestID), body, life).Err())
}

// LoadReply gives the answer that a car's request has got before.
func (g Registry) LoadReply(ctx context.Context, vehicle charging.VehicleID, requestID string) (body []byte, ok bool, err error) {
	return g.get(ctx, "load reply", g.keys.reply(vehicle, requestID))
}
