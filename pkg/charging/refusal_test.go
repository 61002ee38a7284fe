package charging

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestRefusalIsItsCode(t *testing.T) {
	refusal := &Refusal{Code: CodeSlotTaken, Detail: "BR*MAR*E0001*1 is reserved", Conflict: &Conflict{Settled: true}, Cause: io.EOF}
	err := fmt.Errorf("reserve leg 2: %w", refusal)

	if !errors.Is(err, CodeSlotTaken) {
		t.Error("a wrapped refusal is not its code")
	}
	if errors.Is(err, CodePriorityLost) {
		t.Error("a refusal is another code too")
	}
	if !errors.Is(err, io.EOF) {
		t.Error("the cause is lost")
	}
	var got *Refusal
	if !errors.As(err, &got) || !got.Conflict.Settled {
		t.Errorf("errors.As gave %+v", got)
	}
	if CodeOf(err) != CodeSlotTaken {
		t.Errorf("CodeOf = %q", CodeOf(err))
	}
	if CodeOf(io.EOF) != "" || CodeOf(nil) != "" {
		t.Error("what is no refusal has a code")
	}
}

func TestRefusalReadsAsOneLine(t *testing.T) {
	if got := Refuse(CodeUnknownEVSE, "BR*MAR*E9 is not ours").Error(); got != "UNKNOWN_EVSE: BR*MAR*E9 is not ours" {
		t.Errorf("Error() = %q", got)
	}
	if got := (&Refusal{Code: CodeForbidden}).Error(); got != "FORBIDDEN" {
		t.Errorf("Error() = %q", got)
	}
	r := Invalid("stops[0].leg", "must be 1")
	if r.Code != CodeInvalidField || r.Fields[0] != (FieldError{"stops[0].leg", "must be 1"}) {
		t.Errorf("Invalid = %+v", r)
	}
}

func TestCodesAreListedOnce(t *testing.T) {
	seen := map[Code]bool{}
	for _, c := range Codes() {
		if c == "" || seen[c] {
			t.Errorf("%q is empty or listed twice", c)
		}
		seen[c] = true
	}
	if len(seen) != 37 {
		t.Errorf("%d codes; the contract has 37", len(seen))
	}
}
