// Package tools is the module of what only developers run: the tool directives of its go.mod (task,
// staticcheck, gofumpt) and the programs in its folders. It imports none of the other modules.
package tools
