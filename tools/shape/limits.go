package main

// The limits of a package with a reading order, outside of tests and generated
// files.
const (
	// mostMethods of one type.
	mostMethods = 40
	// mostLines of a file, and longest of a function.
	mostLines = 400
	longest   = 80
	// mostBack per cent of the arrows between the files: fewer than that run back up.
	mostBack = 15
)
