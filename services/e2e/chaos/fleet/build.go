package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Edit changes one file of the workspace for one build; the tree itself stays as
// it is. Without Old the whole file is New, and it may be a new one.
type Edit struct {
	// File from the top of the workspace.
	File string
	// Old must occur exactly once: an edit that no longer fits fails loudly.
	Old, New string
}

// Build compiles the eletrovia program of the workspace at root into out, with
// some edits.
func Build(ctx context.Context, root, out string, edits ...Edit) error {
	args := []string{"build", "-o", out}
	if len(edits) > 0 {
		overlay, err := overlay(root, out+".edits", edits)
		if err != nil {
			return err
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./services/eletrovia")...)
	cmd.Dir = root
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("fleet: go %s: %w: %s", strings.Join(args, " "), err, said)
	}
	return nil
}

// overlay writes the edited files into dir, and the file that tells go build.
func overlay(root, dir string, edits []Edit) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("fleet: %w", err)
	}
	text := map[string]string{}
	for _, e := range edits {
		path, err := filepath.Abs(filepath.Join(root, e.File))
		if err != nil {
			return "", fmt.Errorf("fleet: %w", err)
		}
		if text[path], err = e.apply(path, text[path]); err != nil {
			return "", err
		}
	}
	replace := map[string]string{}
	for path, t := range text {
		replace[path] = filepath.Join(dir, fmt.Sprintf("%d-%s", len(replace), filepath.Base(path)))
		if err := os.WriteFile(replace[path], []byte(t), 0o600); err != nil {
			return "", fmt.Errorf("fleet: %w", err)
		}
	}
	raw, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("fleet: %w", err)
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, raw, 0o600)
}

// apply edits a file, or what earlier edits have made of it.
func (e Edit) apply(path, had string) (string, error) {
	if e.Old == "" {
		return e.New, nil
	}
	if had == "" {
		raw, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("fleet: %w", err)
		}
		had = string(raw)
	}
	if n := strings.Count(had, e.Old); n != 1 {
		return "", fmt.Errorf("fleet: %s contains %d times what the edit replaces (%q): adapt the edit to the file", e.File, n, e.Old)
	}
	return strings.Replace(had, e.Old, e.New, 1), nil
}
