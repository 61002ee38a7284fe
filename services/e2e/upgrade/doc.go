// Package upgrade starts today's servers on what those of an earlier version
// left behind when they were killed. See README.md.
package upgrade
