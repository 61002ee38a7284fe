package charging

import (
	"slices"
	"testing"
)

// TestPassing: what is about the moment is never the answer for good. A code
// that comes to the contract has to be put on one side or the other.
func TestPassing(t *testing.T) {
	passing := []Code{
		CodeNoReservationHere, CodeTooEarly, CodeEVSEOccupied, CodeVehicleBusy,
		CodeRateLimited, CodeQuotaExceeded, CodeStoreUnavailable, CodePeerUnavailable,
	}
	if got := slices.DeleteFunc(Codes(), func(c Code) bool { return !c.Passing() }); !slices.Equal(got, passing) {
		t.Errorf("passing are %v, want %v", got, passing)
	}
	if Code("").Passing() || Code("NEW_CODE").Passing() {
		t.Error("what is no code is passing")
	}
}
