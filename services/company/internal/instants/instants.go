// Package instants writes instants as the driver API does: in milliseconds at most.
package instants

import "bytes"

// secondsForm is what comes before the fraction of an instant (RFC 3339) in JSON: a
// digit for each 0, and its opening quotation mark.
const secondsForm = `"0000-00-00T00:00:00`

// Millis cuts the instants of an answer, encoded as JSON, to milliseconds: what clocks
// of machines say beyond that tells nobody anything, and JavaScript cannot keep it. It
// is done here, where all answers are written, and in place; an instant never gets later.
func Millis(raw []byte) []byte {
	at, out := 0, 0 // read and written so far
	for {
		dot := bytes.IndexByte(raw[at:], '.')
		if dot < 0 {
			break
		}
		dot += at
		end := dot + 1
		for end < len(raw) && digit(raw[end]) {
			end++
		}
		keep := end
		if end-dot > 4 && bytes.HasPrefix(raw[end:], []byte(`Z"`)) && instantBefore(raw[:dot]) {
			keep = dot + 4
		}
		out += copy(raw[out:], raw[at:keep])
		at = end
	}
	out += copy(raw[out:], raw[at:])
	return raw[:out]
}

// instantBefore reports whether text ends in an instant in whole seconds, all that its
// string has so far.
func instantBefore(text []byte) bool {
	if len(text) < len(secondsForm) {
		return false
	}
	text = text[len(text)-len(secondsForm):]
	for i := range len(secondsForm) {
		if text[i] != secondsForm[i] && !(secondsForm[i] == '0' && digit(text[i])) {
			return false
		}
	}
	return true
}

func digit(b byte) bool { return b >= '0' && b <= '9' }
