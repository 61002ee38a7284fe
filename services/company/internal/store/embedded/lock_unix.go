//go:build unix

package embedded

import (
	"fmt"
	"syscall"
)

// lockDir takes the data directory for this process; the lock ends with the process, however it ends.
func lockDir(dir string) (unlock func(), err error) {
	f, err := openLock(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("data directory %s is %w by another server (%w): stop it, or name another directory", dir, ErrInUse, err)
	}
	return func() { _ = f.Close() }, nil
}
