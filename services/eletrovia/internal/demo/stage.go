package demo

import (
	"fmt"
	"os"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/services/eletrovia/internal/director"
)

// newDirector makes who plays the scenes of /stage, with servers of this same program.
func (c commands) newDirector(s stage, log zerolog.Logger) (*director.Director, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("the stage: %w", err)
	}
	return director.New(director.Options{
		Program: director.Program{Path: self, Env: c.Environ}, Store: s.store, Log: log.With().Str("room", "stage").Logger(),
	}), nil
}
