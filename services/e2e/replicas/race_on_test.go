//go:build race

package replicas

// buildFlags give the servers the race detector that the tests have.
var buildFlags = []string{"-race"}
