package e2e

import (
	"math/rand/v2"
)

// newRand draws the same for the same client in every run.
func newRand(client int) *rand.Rand { return rand.New(rand.NewPCG(20261123, uint64(client))) }
