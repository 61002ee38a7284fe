package desk

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/eletrovia/eletrovia/services/company/internal/store"
	"github.com/eletrovia/eletrovia/services/company/internal/store/embedded"
)

// onBothStores runs a test over the real scripts, on miniredis and on
// redis-server; the world's desk keeps its calendar at addr.
func onBothStores(t *testing.T, test func(t *testing.T, w *world, addr string)) {
	t.Run("miniredis", func(t *testing.T) { onStore(t, embedded.Options{ForceMemory: true}, test) })
	t.Run("redis-server", func(t *testing.T) {
		if _, err := exec.LookPath("redis-server"); err != nil && os.Getenv("CI") == "" {
			t.Skip("LEFT OUT: no redis-server here; tested on miniredis only")
		}
		onStore(t, embedded.Options{}, test)
	})
}

func onStore(t *testing.T, o embedded.Options, test func(t *testing.T, w *world, addr string)) {
	server, err := embedded.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close(context.Background()) })
	w := newWorld(t, func(o *Options) {
		s, err := store.Open(t.Context(), store.Options{URL: "redis://" + server.Addr(), Civil: o.Clock, PoolSize: 4})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		o.Calendar = s
	})
	test(t, w, server.Addr())
}
