package road

import (
	"strings"
	"unicode"
)

// stateNames are the folded names of the Northeast's states.
var stateNames = map[string]string{
	"maranhao": "MA", "piaui": "PI", "ceara": "CE", "rio grande do norte": "RN", "paraiba": "PB",
	"pernambuco": "PE", "alagoas": "AL", "sergipe": "SE", "bahia": "BA",
	"ma": "MA", "pi": "PI", "ce": "CE", "rn": "RN", "pb": "PB", "pe": "PE", "al": "AL", "se": "SE", "ba": "BA",
}

var plain = map[rune]rune{
	'á': 'a', 'à': 'a', 'â': 'a', 'ã': 'a', 'ä': 'a', 'é': 'e', 'è': 'e', 'ê': 'e', 'ë': 'e',
	'í': 'i', 'ì': 'i', 'î': 'i', 'ï': 'i', 'ó': 'o', 'ò': 'o', 'ô': 'o', 'õ': 'o', 'ö': 'o',
	'ú': 'u', 'ù': 'u', 'û': 'u', 'ü': 'u', 'ç': 'c', 'ñ': 'n',
	'-': ' ', '\'': ' ', '’': ' ', '.': ' ',
}

// fold makes spellings alike: lower case, no accents (combining ones included),
// hyphens and apostrophes as single spaces. Commas, slashes and parentheses, which
// set off the state, stay.
func fold(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		if p, ok := plain[r]; ok {
			r = p
		}
		b.WriteRune(r)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// splitState cuts the state off a folded name. Only a known state counts, so that
// "itapecuru mirim" keeps its second half.
func splitState(folded string) (name, state string) {
	cut := strings.LastIndexAny(folded, ",/(")
	if cut >= 0 {
		tail := strings.Trim(folded[cut+1:], " )")
		if uf, ok := stateNames[tail]; ok {
			return strings.Trim(folded[:cut], " ,/("), uf
		}
		return folded, ""
	}
	if cut = strings.LastIndexByte(folded, ' '); cut >= 0 && len(folded)-cut == 3 {
		if uf, ok := stateNames[folded[cut+1:]]; ok {
			return folded[:cut], uf
		}
	}
	return folded, ""
}

// editDistance is Levenshtein's, in bytes; above the limit it may stop early with
// any greater number.
func editDistance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		best := row[0]
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
			best = min(best, cost)
		}
		if best > limit {
			return limit + 1
		}
	}
	return row[len(b)]
}
