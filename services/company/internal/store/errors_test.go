package store

import (
	"errors"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// redisSays is an answer of a Redis.
type redisSays string

func (s redisSays) Error() string { return string(s) }
func (redisSays) RedisError()     {}

// What a Redis cannot do now is told from what it will never do, also inside a script of
// Redis 6.
func TestInabilities(t *testing.T) {
	for _, word := range []string{
		"LOADING", "READONLY", "OOM", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "BUSY", "MISCONF", "NOREPLICAS", "NOAUTH", "WRONGPASS", "NOPERM",
	} {
		inScript := "ERR Error running script (call to f_1): @user_script:1: -" + word + " it cannot."
		for _, answer := range []string{word + " it cannot.", inScript} {
			if err := failed(t.Context(), "step", redisSays(answer)); charging.CodeOf(err) != charging.CodeStoreUnavailable {
				t.Errorf("%q: %v", answer, err)
			}
		}
	}
	for _, answer := range []string{"MOVED 3999 127.0.0.1:6381", "ASK 3999 127.0.0.1:6381", "ERR max number of clients reached"} {
		if err := failed(t.Context(), "step", redisSays(answer)); charging.CodeOf(err) != charging.CodeStoreUnavailable {
			t.Errorf("%q: %v", answer, err)
		}
	}
	for _, answer := range []string{"WRONGTYPE another kind of value", "ERR wrong number of arguments", "NOSCRIPT no matching script"} {
		err := failed(t.Context(), "step", redisSays(answer))
		if charging.CodeOf(err) != "" || !errors.Is(err, redisSays(answer)) {
			t.Errorf("%q: %v", answer, err)
		}
	}
	if redirected(nil) || redirected(redisSays("TRYAGAIN later")) || !redirected(redisSays("ASK 1 a:1")) {
		t.Error("what another node has is told apart wrongly")
	}
}
