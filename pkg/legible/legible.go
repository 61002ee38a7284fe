// Package legible says which text of a stranger may be shown to others, in a
// list, a log or a terminal: letters, marks, digits, punctuation, symbols and
// spaces as Unicode's categories have them. What moves a cursor, ends a line,
// turns the direction of writing, is invisible, or is no character (categories
// Cc, Cf, Cs, Co, Cn, Zl, Zp and U+FFFD, which stands for broken bytes) may not.
package legible

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Check reports why a text may not be shown as it is: it has more than limit
// characters, or one that is not legible. The error is a reason for a person,
// short and itself legible.
func Check(s string, limit int) error {
	if n := utf8.RuneCountInString(s); n > limit {
		return fmt.Errorf("has %d characters; at most %d", n, limit)
	}
	for _, r := range s {
		if !shown(r) {
			return fmt.Errorf("has the character %U, which cannot be shown", r)
		}
	}
	return nil
}

// Tame makes a text that may be shown of any: cut to at most limit bytes at a
// character's edge, with a space in the place of each character that is not
// legible.
func Tame(s string, limit int) string {
	return strings.Map(func(r rune) rune {
		if !shown(r) {
			return ' '
		}
		return r
	}, cut(s, limit))
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

func shown(r rune) bool { return unicode.IsGraphic(r) && r != utf8.RuneError }
