package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
)

// stream is a source of chance for one purpose of one car. Equal seed, car and
// purpose give equal numbers: nothing that is drawn depends on which car comes
// first, on how many there are, or on what became of them.
func stream(seed uint64, car int, purpose string) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%s", car, purpose)
	rng := rand.New(rand.NewPCG(seed, h.Sum64()))
	rng.Uint64() // the first number still shows how alike two seeds are
	return rng
}

// Digest is a fingerprint of everything that is drawn for a fleet and the first
// journeys of each of its cars: equal for equal seeds, odds and casts.
func Digest(cars []Car, journeys int) string {
	h := sha256.New()
	encode := json.NewEncoder(h)
	for _, c := range cars {
		_ = encode.Encode(c) // plain data: cannot fail
		for n := range max(journeys, 1) {
			_ = encode.Encode(c.Journey(n))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
