package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// lastKnown is what one server knows of its store between its lives.
type lastKnown struct {
	// Server names whose heartbeats these are.
	Server    string                             `json:"server"`
	Locations map[charging.LocationID]remembered `json:"locations"`
}

// remembered is a location's incarnation and the last heartbeat that was acknowledged.
type remembered struct {
	Incarnation string `json:"mark"`
	Heartbeat   int64  `json:"beat"`
}

// readLastKnown is empty where there is no file yet.
func readLastKnown(path string) (lastKnown, error) {
	var m lastKnown
	if path == "" {
		return m, nil
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		return m, fmt.Errorf("what this server knows of its store cannot be read: %w; "+
			"restore %s, or remove it to begin as a server that knows nothing", err, path)
	}
	return m, nil
}

// write replaces the file as a whole, so that a crash leaves the old or the new.
func (m lastKnown) write(path string) error {
	if path == "" {
		return nil
	}
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(append(raw, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
