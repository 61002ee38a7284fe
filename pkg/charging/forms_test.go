package charging

import (
	"regexp"
	"testing"
)

// The forms as docs/protocol.md says them.
var forms = map[string]struct {
	is  func(string) bool
	say *regexp.Regexp
}{
	"company":  {isCompany, regexp.MustCompile(`^[A-Z]{3}$`)},
	"location": {isLocation, regexp.MustCompile(`^BR\*[A-Z]{3}\*L[A-Z0-9]{1,24}$`)},
	"evse":     {isEVSE, regexp.MustCompile(`^BR\*[A-Z]{3}\*E[A-Z0-9]{1,24}(\*[A-Z0-9]{1,8})?$`)},
	"vehicle":  {isVehicle, regexp.MustCompile(`^[A-Za-z0-9._-]{3,64}$`)},
	"uuid":     {isUUID, regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)},
}

// examples are good, and one byte of each is what FuzzForms and TestForms change.
var examples = []string{
	"MAR", "BR*MAR*LJPA01", "BR*MAR*E0001*1", "BR*MAR*E0001", "BR*MAR*EABCDEFGHIJKLMNOPQRSTUVWX*12345678",
	"BR-MAR-C7K2M9XQ4", "EV-0001", "a.b", "0199a2b3-6c00-7abc-8def-0123456789ab",
}

// An id is good by the bytes exactly where it is by the expression: with each byte of a
// good one changed, left out and doubled.
func TestForms(t *testing.T) {
	compare(t, "")
	for _, s := range examples {
		compare(t, s)
		for i := range len(s) {
			compare(t, s[:i])
			compare(t, s[:i]+s[i+1:])
			compare(t, s[:i]+s[i:i+1]+s[i:])
			for c := range 256 {
				compare(t, s[:i]+string([]byte{byte(c)})+s[i+1:])
			}
		}
		compare(t, s+s)
		compare(t, s+"\n")
	}
}

func FuzzForms(f *testing.F) {
	for _, s := range examples {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { compare(t, s) })
}

func compare(t *testing.T, s string) {
	t.Helper()
	for name, f := range forms {
		if f.is(s) != f.say.MatchString(s) {
			t.Errorf("%q as %s: %v, %v by the expression", s, name, f.is(s), !f.is(s))
		}
	}
}
