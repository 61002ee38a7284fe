package charging

import "strings"

// The forms of ids. A booking checks some eighty of them, so they are read byte by byte;
// the expressions that say the same stand in the test, which compares.

func isCompany(s string) bool { return made(s, capital, 3, 3) }

func isVehicle(s string) bool { return made(s, inVehicle, 3, 64) }

// isLocation: BR*XXX*L and 1 to 24 capitals and digits.
func isLocation(s string) bool {
	rest, ok := ofParty(s, 'L')
	return ok && made(rest, inName, 1, 24)
}

// isEVSE: BR*XXX*E and 1 to 24 capitals and digits, and perhaps *, and 1 to 8 of them.
func isEVSE(s string) bool {
	rest, ok := ofParty(s, 'E')
	name, connector, more := strings.Cut(rest, "*")
	return ok && made(name, inName, 1, 24) && (!more || made(connector, inName, 1, 8))
}

// ofParty cuts BR*XXX* and the letter of the kind off an id.
func ofParty(s string, kind byte) (string, bool) {
	const head = len("BR*XXX*L")
	if len(s) < head || s[:3] != Country+"*" || !isCompany(s[3:6]) || s[6] != '*' || s[7] != kind {
		return "", false
	}
	return s[head:], true
}

// isUUID: the canonical form, in lower case.
func isUUID(s string) bool {
	if len(s) != len("00000000-0000-0000-0000-000000000000") {
		return false
	}
	for i := range len(s) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (s[i] == '-') || !dash && !hex(s[i]) {
			return false
		}
	}
	return true
}

// made reports whether a text consists of so many of such bytes.
func made(s string, of func(byte) bool, least, most int) bool {
	if len(s) < least || len(s) > most {
		return false
	}
	for i := range len(s) {
		if !of(s[i]) {
			return false
		}
	}
	return true
}

func capital(c byte) bool { return 'A' <= c && c <= 'Z' }

func digit(c byte) bool { return '0' <= c && c <= '9' }

func hex(c byte) bool { return digit(c) || 'a' <= c && c <= 'f' }

func inName(c byte) bool { return capital(c) || digit(c) }

func inVehicle(c byte) bool {
	return inName(c) || 'a' <= c && c <= 'z' || c == '.' || c == '_' || c == '-'
}
