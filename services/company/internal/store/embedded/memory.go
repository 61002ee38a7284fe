package embedded

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// memoryTick is how often miniredis is told how much time has passed: its TTLs do not run by themselves.
// (Its own alternative, ClockTTL, walks all keys at every access.)
const memoryTick = 50 * time.Millisecond

// openMemory starts miniredis in this process.
func openMemory(o Options) (*Store, error) {
	m := miniredis.NewMiniRedis()
	password := ""
	if o.Password {
		password = rand.Text()
		m.RequireAuth(password)
	}
	if err := m.StartAddr(o.Addr); err != nil {
		return nil, fmt.Errorf("embedded store: miniredis on %s: %w (stop what listens there, or choose another port)", o.Addr, err)
	}
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		driveClock(m.FastForward, done)
	}()
	s := &Store{
		addr:     m.Addr(),
		kind:     KindMemory,
		password: password,
		loses:    "everything, when the server stops: it keeps its data in memory only (install redis-server to keep them)",
	}
	s.stop = func(context.Context) error {
		close(done)
		<-stopped
		m.Close()
		return nil
	}
	o.Log.Warn().Str("addr", s.addr).Str("kind", s.kind).Str("loses", s.loses).Msg("embedded store is up")
	return s, nil
}

// driveClock calls forward with the time that passed, every memoryTick, until done is closed.
func driveClock(forward func(time.Duration), done <-chan struct{}) {
	tick := time.NewTicker(memoryTick)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			now := time.Now()
			forward(now.Sub(last))
			last = now
		}
	}
}
