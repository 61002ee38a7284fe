package store

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// lists are writes to lists of trips, by the list's key; each may be repeated.
type lists map[string]func(redis.Pipeliner)

// add lists a trip where it is not listed yet.
func (l lists) add(ctx context.Context, key string, z redis.Z) {
	l[key] = func(pipe redis.Pipeliner) { pipe.ZAddNX(ctx, key, z) }
}

// shelves are the lists that a trip belongs on by what its record says, beside
// that of open work: the one place where this is decided.
func (j *Journal) shelves(ctx context.Context, state trip.State, stuck bool, made redis.Z) lists {
	list := lists{}
	if state.Open() {
		list.add(ctx, j.keys.standing(), made)
	} else {
		list.add(ctx, j.keys.ended(state), made)
	}
	if stuck {
		list.add(ctx, j.keys.stuck(), made)
	}
	return list
}

// unlist takes a trip off lists after a record that makes them false, and puts
// it back on those that its owner has made true again meanwhile.
func (j *Journal) unlist(ctx context.Context, made redis.Z, off ...string) error {
	if len(off) == 0 {
		return nil
	}
	id, _ := made.Member.(string)
	pipe := j.rdb.Pipeline()
	for _, key := range off {
		pipe.ZRem(ctx, key, id)
	}
	if j.cluster { // where only one round trip after another keeps the order
		if _, err := pipe.Exec(ctx); err != nil {
			return failed(ctx, "unlist trip", err)
		}
		pipe = j.rdb.Pipeline()
	}
	record := pipe.HMGet(ctx, j.keys.trip(charging.TripID(id)), "state", "stuck", "due")
	if _, err := pipe.Exec(ctx); err != nil {
		return failed(ctx, "unlist trip", err)
	}
	row := reply(record.Val())
	if row.str(0) == "" {
		return nil
	}
	list := j.shelves(ctx, trip.State(row.str(0)), row.str(1) == "1", made)
	if due := row.num(2); due > 0 {
		list.add(ctx, j.keys.open(), redis.Z{Score: float64(due), Member: id})
	}
	back := lists{}
	for _, key := range off {
		if write := list[key]; write != nil {
			back[key] = write
		}
	}
	if len(back) == 0 {
		return nil
	}
	return j.list(ctx, "list trip", back)
}

// listThenRun writes to the lists, then the record: in one round trip where
// there is one server, which keeps the order; one after the other in a cluster.
func (j *Journal) listThenRun(ctx context.Context, op string, list lists, s *redis.Script, keys []string, args []any) (reply, error) {
	if len(list) == 0 {
		return j.replicated(ctx, op, s, keys, args...)
	}
	if j.cluster {
		if err := j.list(ctx, op, list); err != nil {
			return nil, err
		}
		return j.replicated(ctx, op, s, keys, args...)
	}
	pipe := j.rdb.Pipeline()
	for _, write := range list {
		write(pipe)
	}
	var have *redis.Cmd
	listed := pipe.Len()
	cmd := s.EvalSha(ctx, pipe, keys, args...)
	if j.replicas > 0 {
		have = j.wait(ctx, pipe)
	}
	cmds, _ := pipe.Exec(ctx)
	for i, c := range cmds {
		if c.Err() != nil && i != listed {
			return nil, failed(ctx, op, c.Err())
		}
	}
	if noScript(cmd.Err()) {
		return j.replicated(ctx, op, s, keys, args...)
	}
	got, err := cmd.Slice()
	if err == nil && have != nil {
		err = j.checkReplicas(op, have)
		return reply(got), err
	}
	return reply(got), failed(ctx, op, err)
}

// list writes to the lists of a cluster, each at its master. Where promises wait
// for replicas these do, too: a record that outlives its place in the list of
// open work would be taken over by nobody.
func (j *Journal) list(ctx context.Context, op string, list lists) error {
	pipe := j.rdb.Pipeline()
	for _, write := range list {
		write(pipe)
	}
	if _, err := pipe.Exec(ctx); err != nil { // follows slots that have moved
		return failed(ctx, op, err)
	}
	if j.replicas == 0 {
		return nil
	}
	for key, write := range list {
		if err := j.listFirmly(ctx, op, key, write); err != nil {
			return err
		}
	}
	return nil
}

// listFirmly repeats a write on a connection that then waits: WAIT speaks of the
// writes of its own connection.
func (j *Journal) listFirmly(ctx context.Context, op, key string, write func(redis.Pipeliner)) error {
	node, err := j.nodeOf(ctx, key)
	if err != nil {
		return failed(ctx, op, err)
	}
	pipe := node.Pipeline()
	write(pipe)
	have := j.wait(ctx, pipe)
	if _, err := pipe.Exec(ctx); err != nil {
		return failed(ctx, op, err)
	}
	return j.checkReplicas(op, have)
}
