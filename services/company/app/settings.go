package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// settingsEvery is how often the store's settings are looked at again: CONFIG SET
// changes them under a server that runs.
const settingsEvery = 10 * time.Second

// storeSettings are those that the store had at the start, and what has become
// weaker since.
type storeSettings struct {
	first store.Settings

	mu     sync.Mutex
	weaker []string
}

// set replaces what is weaker, and reports whether it is another than before.
func (s *storeSettings) set(weaker []string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.weaker
	s.weaker = weaker
	return !slices.Equal(was, weaker)
}

func (s *storeSettings) get() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.weaker
}

// watchSettings looks at the store's settings again and again.
func (h *health) watchSettings(ctx context.Context) {
	every(ctx, settingsEvery, h.lookAtSettings)
}

// lookAtSettings logs each change once. A store that cannot be asked is said to be
// so elsewhere.
func (h *health) lookAtSettings(ctx context.Context) {
	now, err := h.rooms.store.Settings(ctx)
	if err != nil {
		return
	}
	weaker := now.Weaker(h.rooms.settings.first)
	if !h.rooms.settings.set(weaker) {
		return
	}
	if len(weaker) == 0 {
		h.log.Info().Str("room", "store").Msg("the store's settings are again as good as at the start")
		return
	}
	h.log.Warn().Str("room", "store").Msg("the store's settings have been changed for the worse: " + strings.Join(weaker, "; "))
}

// settingsReady says what has become weaker since the start.
func (h *health) settingsReady(context.Context) (string, error) {
	if weaker := h.rooms.settings.get(); len(weaker) > 0 {
		return "", errors.New(strings.Join(weaker, "; "))
	}
	return "as at the start", nil
}
