package program

import (
	"os"
	"strings"
	"testing"
)

// TestNothingIsInherited: a program that the tests start sees none of the variables
// that the tests are told by, with which it would refuse to start.
func TestNothingIsInherited(t *testing.T) {
	before := told
	t.Cleanup(func() { told = before })
	t.Setenv("ELETROVIA_LONG", "1")
	t.Setenv("ELETROVIA_PICTURES", "/somewhere")
	t.Setenv("ELETROVIA_SERVER", "http://example.com")
	take()
	for _, variable := range os.Environ() {
		if strings.HasPrefix(variable, "ELETROVIA_") {
			t.Errorf("%s is still there", variable)
		}
	}
	if !Long() || Told("ELETROVIA_PICTURES") != "/somewhere" || Told("ELETROVIA_SEED") != "" {
		t.Errorf("told %v", told)
	}
}
