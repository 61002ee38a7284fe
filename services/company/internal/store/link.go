package store

import (
	"regexp"
	"slices"
	"strings"
)

// A script stands behind a library of local functions, and Redis builds every one of them
// anew at each call: with the whole library that is more work than a short script's own,
// and it all goes to Lua's collector. So a script is linked with what it uses.

var (
	unread  = regexp.MustCompile(`--.*|'[^']*'|\.\w+|\w+ = `) // comments, strings, fields, what is set
	declare = regexp.MustCompile(`^local (?:function )?([\w, ]+)`)
	name    = regexp.MustCompile(`[A-Za-z_]\w*`)
)

// link puts what a script uses of its library, directly or by another function, before it.
// A library consists of declarations that begin with "local" in the first column.
func link(library, script string) string {
	wanted := map[string]bool{}
	want := func(text string) {
		for _, n := range used(text) {
			wanted[n] = true
		}
	}
	want(script)
	linked := []string{script}
	for _, d := range slices.Backward(declarations(library)) {
		if slices.ContainsFunc(declared(d), func(n string) bool { return wanted[n] }) {
			want(d)
			linked = append(linked, d)
		}
	}
	slices.Reverse(linked)
	return strings.Join(linked, "")
}

// used lists the names in a piece of Lua: those of a library among them are used.
func used(text string) []string { return name.FindAllString(unread.ReplaceAllString(text, ""), -1) }

// declarations takes a library apart, without what stands before the first.
func declarations(library string) []string {
	var all []string
	for line := range strings.Lines(library) {
		if strings.HasPrefix(line, "local ") {
			all = append(all, "")
		}
		if len(all) > 0 {
			all[len(all)-1] += line
		}
	}
	return all
}

// declared names what a declaration declares.
func declared(declaration string) []string {
	head := declare.FindStringSubmatch(declaration)
	return name.FindAllString(head[1], -1)
}
