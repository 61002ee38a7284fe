package main

import "slices"

const rooms = "services/company/internal/"

// table is all mutants, by the room of the rule that they break.
func table() []mutant {
	return slices.Concat(scripts(), desk(), sagas(), trips(), road(), everywhere())
}
