// Package requests sends generated requests, good ones and spoilt ones, of every
// operation in the specification to a real server, and holds each answer against it.
package requests
