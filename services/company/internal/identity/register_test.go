package identity

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// A stranger registers so many vehicles from an address and no more; another address
// and the next day have their own.
func TestRegistrationsOfAnAddress(t *testing.T) {
	mar := companies(t)["MAR"]
	register := func(from string) error {
		_, _, err := mar.Register(t.Context(), Registration{Model: "m", From: from})
		return err
	}
	for range DefaultRegistrations {
		if err := register("10.0.0.1"); err != nil {
			t.Fatal(err)
		}
	}
	var r *charging.Refusal
	if err := register("10.0.0.1"); !errors.As(err, &r) || r.Code != charging.CodeRateLimited || r.RetryAfter != 24*time.Hour || !strings.Contains(r.Detail, "2026-11-24T12:00:00Z") {
		t.Errorf("one more: %+v", r)
	}
	if n := len(mar.mem.vehicles); n != DefaultRegistrations {
		t.Errorf("%d vehicles", n)
	}
	if err := register("10.0.0.2"); err != nil {
		t.Errorf("another address: %v", err)
	}
	mar.o.Registrations = -1
	if err := register("10.0.0.1"); err != nil {
		t.Errorf("without a limit: %v", err)
	}
}

// Where registration is by invitation a code is good once, and is not used up for a
// name that is taken.
func TestInvitations(t *testing.T) {
	mar := companies(t)["MAR"]
	register := func(wish charging.VehicleID, code string) error {
		_, _, err := mar.Register(t.Context(), Registration{Wish: wish, Model: "m", Invite: code})
		return err
	}
	if err := register("EV-77", ""); err != nil {
		t.Fatal(err)
	}
	mar.o.Admission = ByInvite
	codes, expires, err := mar.Invite(t.Context(), 2, 7)
	if err != nil || len(codes) != 2 || codes[0] == codes[1] || !expires.Equal(now.AddDate(0, 0, 7)) {
		t.Fatal(codes, expires, err)
	}
	for kept := range mar.mem.invites {
		if slices.Contains(codes, kept) {
			t.Error("the code itself is kept")
		}
	}
	for _, step := range []struct {
		wish charging.VehicleID
		code string
		want charging.Code
	}{
		{"EV-78", "", charging.CodeInvalidField},
		{"EV-78", "guess", charging.CodeInvalidField},
		{"EV-77", codes[0], charging.CodeIDReused},
		{"EV-78", codes[0], ""},
		{"EV-79", codes[0], charging.CodeInvalidField},
		{"EV-79", codes[1], ""},
	} {
		if err := register(step.wish, step.code); charging.CodeOf(err) != step.want {
			t.Errorf("%+v: %v", step, err)
		}
	}
	for _, wrong := range [][2]int{{0, 7}, {101, 7}, {1, 0}, {1, 91}} {
		if _, _, err := mar.Invite(t.Context(), wrong[0], wrong[1]); charging.CodeOf(err) != charging.CodeInvalidField {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	mar.o.Admission = Closed
	if err := register("EV-80", codes[1]); charging.CodeOf(err) != charging.CodeForbidden {
		t.Errorf("closed: %v", err)
	}
}

func TestAdmission(t *testing.T) {
	for a, ok := range map[Admission]bool{Open: true, ByInvite: true, Closed: true, "": false, "Open": false} {
		if err := a.Validate(); (err == nil) != ok {
			t.Errorf("%q: %v", a, err)
		}
	}
}
