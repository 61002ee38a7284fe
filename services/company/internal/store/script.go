package store

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"
)

//go:embed scripts/*.lua
var sources embed.FS

// The scripts, one file an operation.
var (
	holdScript             = calendarScript("hold")
	renewScript            = calendarScript("renew")
	confirmScript          = calendarScript("confirm")
	compensateScript       = calendarScript("compensate")
	releaseByOutcomeScript = calendarScript("release_by_outcome")
	cancelScript           = calendarScript("cancel")
	settleScript           = calendarScript("settle")
	moveScript             = calendarScript("move")
	startScript            = calendarScript("start")
	completeScript         = calendarScript("complete")
	answeredScript         = calendarScript("answered")
	backScript             = calendarScript("back")
	statusScript           = calendarScript("status")
	reservationScript      = calendarScript("reservation")
	availabilityScript     = calendarScript("availability")
	entriesScript          = calendarScript("entries")
	withdrawScript         = calendarScript("withdraw")
	tidyScript             = calendarScript("tidy")
	pruneOutboxScript      = calendarScript("prune_outbox")
	unsettledScript        = calendarScript("unsettled")
	agendaScript           = script("agenda")

	restoreScript = calendarScript("restore")
	recountScript = calendarScript("recount")

	vehicleAccountScript = accountScript("vehicleaccount")
	companyAccountScript = accountScript("companyaccount")

	heartbeatScript     = script("heartbeat")
	beginRecoveryScript = script("begin_recovery")
	endRecoveryScript   = script("end_recovery")

	claimCarScript  = script("claimcar")
	contestScript   = script("contest")
	answerCarScript = script("answercar")
	freeCarScript   = script("freecar")
	toldScript      = script("told")

	enrollScript = script("enroll")

	auditScript   = script("audit")
	messageScript = script("message")

	replaceScript = script("replace")
	newerScript   = script("newer")
	countScript   = script("count")

	createScript    = script("create")
	writeScript     = script("write")
	findScript      = script("find")
	takeOverScript  = script("take_over")
	acquireScript   = script("acquire")
	keepAliveScript = script("keep_alive")

	besideScript = script("beside")

	raiseScript   = script("raise")
	voidScript    = script("void")
	admitScript   = script("admit")
	forwardScript = script("forward")
	pendingScript = script("pending")
	resultScript  = script("result")
)

// texts are what load sends. Script.Load is not for pipelines: it takes the
// hash from an answer that is not there yet.
var texts []string

func script(name string) *redis.Script { return scriptOf(source("lib"), source(name)) }

func calendarScript(name string) *redis.Script {
	return scriptOf(source("lib")+source("lib_account")+source("lib_calendar"), source(name))
}

// accountScript is one of an account's own slot.
func accountScript(name string) *redis.Script {
	return scriptOf(source("lib")+source("lib_account"), source(name))
}

func scriptOf(library, text string) *redis.Script {
	text = link(library, text)
	texts = append(texts, text)
	return redis.NewScript(text)
}

// source panics on a missing file: that is a build without its scripts.
func source(name string) string {
	b, err := sources.ReadFile("scripts/" + name + ".lua")
	if err != nil {
		panic(err)
	}
	return string(b)
}

// loadAtOnce is how many scripts are loaded in one round trip: each has to be
// compiled within the time of one call, also on a machine that has little time.
const loadAtOnce = 8

// load puts the scripts on every master, so that pipelines find them.
func (c *conn) load(ctx context.Context) error {
	return c.each(ctx, func(ctx context.Context, node redis.UniversalClient) error {
		for some := range slices.Chunk(texts, loadAtOnce) {
			pipe := node.Pipeline()
			for _, t := range some {
				pipe.ScriptLoad(ctx, t)
			}
			if _, err := pipe.Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// run executes a script whose answer is a list.
func (c *conn) run(ctx context.Context, op string, s *redis.Script, keys []string, args ...any) (reply, error) {
	via := redis.Scripter(c.rdb)
	if n := c.inFlight.Add(1); c.batch != nil && n > int64(c.o.BatchAbove) {
		via = c.batch
	}
	defer c.inFlight.Add(-1)
	got, err := s.Run(ctx, via, keys, args...).Slice()
	if err != nil {
		return nil, failed(ctx, op, err)
	}
	return reply(got), nil
}

// reply is a script's answer; strings and integers are both read as either.
type reply []any

func (r reply) str(i int) string {
	if i >= len(r) {
		return ""
	}
	switch v := r[i].(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case nil:
		return ""
	default:
		return fmt.Sprint(v)
	}
}

func (r reply) num(i int) int64 {
	if i < len(r) {
		if n, ok := r[i].(int64); ok {
			return n
		}
	}
	return number(r.str(i))
}

// number reads what a script wrote; anything else is 0.
func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

func (r reply) list(i int) reply {
	if i < len(r) {
		if l, ok := r[i].([]any); ok {
			return l
		}
	}
	return nil
}

// fields is a list of names, each with its value behind it.
type fields reply

func (r reply) fields(i int) fields { return fields(r.list(i)) }

// at is where the value of a name stands; beyond the list for one that it has not.
func (f fields) at(name string) int {
	for i := 0; i+1 < len(f); i += 2 {
		if f[i] == name {
			return i + 1
		}
	}
	return len(f)
}

func (f fields) str(name string) string { return reply(f).str(f.at(name)) }
func (f fields) num(name string) int64  { return reply(f).num(f.at(name)) }
