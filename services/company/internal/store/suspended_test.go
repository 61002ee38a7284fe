package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// The faults: an older word that wins, a mark that counts at no location or at a company
// that is not meant, a mark that is shown as an EVSE out of service.
func TestAWordAboutACompany(t *testing.T) {
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		word := func(number int64, reason string) charging.Suspension {
			return charging.Suspension{Company: "SER", Number: number, Since: time.Date(2026, 11, 29, 7, 0, 0, 0, time.UTC), Reason: reason}
		}
		for _, w := range []struct {
			charging.Suspension
			written bool
		}{{word(9, ""), true}, {word(10, "stamps of 1970"), true}, {word(10, "stamps of 1970"), true}, {word(9, ""), false}} {
			if written, err := e.Suspend(ctx, w.Suspension); err != nil || written != w.written {
				t.Errorf("%+v: %v, %v", w, written, err)
			}
			if err := e.Bar(ctx, site, w.Suspension); err != nil {
				t.Error(err)
			}
		}
		if got, err := e.Suspended(ctx); err != nil || len(got) != 1 || got[0] != word(10, "stamps of 1970") {
			t.Errorf("kept %+v, %v", got, err)
		}
		if _, err := e.Hold(ctx, e.hold(1)); !errors.Is(err, charging.CodeForbidden) {
			t.Errorf("a suspended company is granted something: %v", err)
		}
		caj := e.hold(1, func(h *charging.Hold) { h.Origin = "CAJ" })
		e.must(t, caj)
		due, err := e.Dues(ctx, []charging.Premises{{Location: site, EVSEs: []charging.EVSEID{plug}}})
		if err != nil || len(due[0].Out) != 0 {
			t.Errorf("out of service: %v, %v", due, err)
		}
		if err := e.Bar(ctx, site, word(11, "")); err != nil {
			t.Error(err)
		}
		e.must(t, e.hold(3))
	})
}
