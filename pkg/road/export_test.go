package road

import (
	"maps"
	"slices"
)

// Ranked are the names of the capitals and of the largest cities.
func Ranked() []string { return append(slices.Collect(maps.Keys(capitals)), largest...) }
