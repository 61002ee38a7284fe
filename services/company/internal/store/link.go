package store

import (
	"regexp"
	"strings"
)

// A script stands behind a library of local functions, and Redis builds every one of them
// anew at each call: with the whole library that is more work than a short script's own,
// and it all goes to Lua's collector. So a script is linked with what it uses, and what
// only a function marked "once or never" uses is declared inside that function: it is
// built when the script comes there, which is not in its common case.

var (
	unread  = regexp.MustCompile(`--.*|'[^']*'|\.\w+|\w+ = `) // comments, strings, fields, what is set
	declare = regexp.MustCompile(`^local (?:function )?([\w, ]+)`)
	name    = regexp.MustCompile(`[A-Za-z_]\w*`)
)

// How a function begins, and how the line ends of one that a script comes to once or never.
const (
	function = "local function "
	seldom   = ") -- once or never"
)

// link puts what a script uses of its library, directly or by another function, before it,
// or where it is used.
func link(library, script string) string {
	l := linking{pieces: append(pieces(library), fixed(pieces(script))...)}
	always := l.reach(func(p piece) bool { return p.stays }, true)
	var linked strings.Builder
	for _, p := range l.pieces {
		if always[p.text] {
			linked.WriteString(l.within(p, always))
		}
	}
	return linked.String()
}

// piece is a declaration, or what stands between declarations of functions. Its names are
// what it declares; stays: it is a statement of the script itself.
type piece struct {
	text  string
	names []string
	stays bool
}

func (p piece) seldom() bool {
	head, _, _ := strings.Cut(p.text, "\n")
	return strings.HasSuffix(head, seldom)
}

type linking struct{ pieces []piece }

// reach gives what is used from where, directly or by another piece; outside: what a
// function marked as seldom uses is not counted.
func (l linking) reach(from func(piece) bool, outside bool) map[string]bool {
	wanted, reached := map[string]bool{}, map[string]bool{}
	for i := len(l.pieces) - 1; i >= 0; i-- { // what is used is declared before
		p := l.pieces[i]
		if from(p) {
			reached[p.text] = true
		}
		for _, n := range p.names {
			reached[p.text] = reached[p.text] || wanted[n]
		}
		if !reached[p.text] || outside && p.seldom() {
			continue
		}
		for _, n := range used(p.text) {
			wanted[n] = true
		}
	}
	return reached
}

// within is a piece's text, with what it alone uses inside where it is seldom.
func (l linking) within(p piece, always map[string]bool) string {
	if !p.seldom() {
		return p.text
	}
	needs := l.reach(func(q piece) bool { return q.text == p.text }, false)
	head, body, _ := strings.Cut(p.text, "\n")
	text := head + "\n"
	for _, q := range l.pieces {
		if needs[q.text] && !always[q.text] {
			text += q.text
		}
	}
	return text + body
}

// used lists the names in a piece of Lua: those of a library among them are used.
func used(text string) []string { return name.FindAllString(unread.ReplaceAllString(text, ""), -1) }

// pieces takes a text apart. A function ends with its line, or with an "end" in the first
// column; another declaration, and what is none, before the next one.
func pieces(text string) []piece {
	var all []piece
	open := false // the last piece goes on
	for line := range strings.Lines(text) {
		begins := strings.HasPrefix(line, "local ")
		if begins || !open {
			all = append(all, piece{})
		}
		p := &all[len(all)-1]
		if begins {
			p.names = name.FindAllString(declare.FindStringSubmatch(line)[1], -1)
		}
		p.text += line
		ends := line == "end\n" || strings.HasPrefix(line, function) && strings.HasSuffix(line, " end\n")
		open = !ends || !strings.HasPrefix(p.text, function)
	}
	return all
}

// fixed marks what of a script is no function.
func fixed(script []piece) []piece {
	for i := range script {
		script[i].stays = !strings.HasPrefix(script[i].text, function)
	}
	return script
}
