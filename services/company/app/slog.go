package app

import (
	"context"
	"log/slog"

	"github.com/rs/zerolog"
)

// slogTo carries what a room says through the standard library's log over to
// ours.
type slogTo struct{ log zerolog.Logger }

var _ slog.Handler = slogTo{}

func levelOf(l slog.Level) zerolog.Level {
	switch {
	case l >= slog.LevelError:
		return zerolog.ErrorLevel
	case l >= slog.LevelWarn:
		return zerolog.WarnLevel
	case l >= slog.LevelInfo:
		return zerolog.InfoLevel
	}
	return zerolog.DebugLevel
}

// Enabled reports whether a level is logged.
func (h slogTo) Enabled(_ context.Context, l slog.Level) bool {
	return levelOf(l) >= h.log.GetLevel()
}

// Handle logs one record.
func (h slogTo) Handle(_ context.Context, r slog.Record) error {
	e := h.log.WithLevel(levelOf(r.Level))
	r.Attrs(func(a slog.Attr) bool {
		e = e.Any(a.Key, a.Value.Any())
		return true
	})
	e.Msg(r.Message)
	return nil
}

// WithAttrs adds fields to all that follows.
func (h slogTo) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := h.log.With()
	for _, a := range attrs {
		with = with.Any(a.Key, a.Value.Any())
	}
	return slogTo{with.Logger()}
}

// WithGroup keeps one level: our fields have no groups.
func (h slogTo) WithGroup(string) slog.Handler { return h }
