package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// replicated executes a script whose answer somebody will rely on: it is answered
// when as many replicas have it as Options.Replicas asks for, so that a
// fail-over does not take it back. STORE_UNAVAILABLE when too few have said so
// in time: nobody knows, repeat.
func (c *conn) replicated(ctx context.Context, op string, s *redis.Script, keys []string, args ...any) (reply, error) {
	if c.replicas == 0 {
		return c.run(ctx, op, s, keys, args...)
	}
	got, err := c.replicatedAt(ctx, op, s, keys, args)
	if !redirected(err) {
		return got, err
	}
	// The slot has moved: the cluster client follows and learns.
	if _, err := c.run(ctx, op, s, keys, args...); err != nil {
		return nil, err
	}
	if got, err = c.replicatedAt(ctx, op, s, keys, args); redirected(err) {
		return nil, failed(ctx, op, err)
	}
	return got, err
}

// replicatedAt runs the script at the master that has its keys.
func (c *conn) replicatedAt(ctx context.Context, op string, s *redis.Script, keys []string, args []any) (reply, error) {
	node, err := c.nodeOf(ctx, keys[0])
	if err != nil {
		return nil, failed(ctx, op, err)
	}
	got, err := c.evalAndWait(ctx, op, node, s.EvalSha, keys, args)
	if noScript(err) {
		return c.evalAndWait(ctx, op, node, s.Eval, keys, args)
	}
	return got, err
}

// eval is Script.EvalSha or Script.Eval.
type eval func(ctx context.Context, c redis.Scripter, keys []string, args ...any) *redis.Cmd

// evalAndWait sends script and WAIT over one connection: WAIT speaks of the
// writes of its own connection.
func (c *conn) evalAndWait(ctx context.Context, op string, node redis.UniversalClient, do eval, keys []string, args []any) (reply, error) {
	pipe := node.Pipeline()
	cmd := do(ctx, pipe, keys, args...)
	have := c.wait(ctx, pipe)
	if _, err := pipe.Exec(ctx); noScript(cmd.Err()) || redirected(cmd.Err()) {
		return nil, cmd.Err()
	} else if err != nil {
		return nil, failed(ctx, op, err)
	}
	got, err := cmd.Slice()
	if err != nil {
		return nil, failed(ctx, op, err)
	}
	return reply(got), c.checkReplicas(op, have)
}

// wait asks, on a pipeline, how many replicas have what it has written.
func (c *conn) wait(ctx context.Context, pipe redis.Pipeliner) *redis.Cmd {
	return pipe.Do(ctx, "WAIT", c.replicas, c.patience().Milliseconds())
}

var errTooFew = errors.New("too few replicas")

// checkReplicas refuses when too few replicas have a write.
func (c *conn) checkReplicas(op string, answer *redis.Cmd) error {
	have, _ := answer.Int64()
	if have >= int64(c.replicas) {
		return nil
	}
	return &charging.Refusal{
		Code: charging.CodeStoreUnavailable, RetryAfter: retryAfter,
		Detail: fmt.Sprintf("the store has this step (%s) on %d of %d replicas only, and a fail-over could lose it; repeat the request", op, have, c.replicas),
		Cause:  errTooFew,
	}
}

// patience is how long replicas may take; the connection waits longer.
func (c *conn) patience() time.Duration { return c.o.CallTimeout * 2 / 3 }

// nodeOf is the master that has a key.
func (c *conn) nodeOf(ctx context.Context, key string) (redis.UniversalClient, error) {
	if cc, ok := c.rdb.(*redis.ClusterClient); ok {
		return cc.MasterForKey(ctx, key)
	}
	return c.rdb, nil
}

// redirected says that another node has the key, now or soon.
func redirected(err error) bool { return moved(err) || ask(err) }
