//go:build !unix

package embedded

// lockDir cannot lock here; two servers in one directory meet at the port instead.
func lockDir(dir string) (unlock func(), err error) {
	f, err := openLock(dir)
	if err != nil {
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}
