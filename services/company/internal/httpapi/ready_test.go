package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

func says(detail string, err error) Check {
	return func(context.Context) (string, error) { return detail, err }
}

// Each use asks for its own parts; what is away elsewhere is shown, with what still
// works, and keeps nobody out.
func TestReadiness(t *testing.T) {
	away := errors.New("no answer")
	for name, c := range map[string]struct {
		query         string
		store, broker Check
		status        int
		checks        map[string]string
		impaired      []string
	}{
		"all is well": {"", says("", nil), says("2 clients", nil), 200, map[string]string{"store": "ok", "broker": "2 clients", "clock": "civil"}, nil},
		"no store": {
			"", says("", away), says("", nil), 503,
			map[string]string{"store": "no answer", "broker": "ok", "clock": "civil"},
			[]string{"store"},
		},
		"no broker": {
			"", says("", nil), says("", away), 200,
			map[string]string{"store": "ok", "broker": "no answer; what still works: booking", "clock": "civil"},
			[]string{"broker"},
		},
		"half a store": {
			"", says("", Impaired("1 of 3")), says("", nil), 200,
			map[string]string{"store": "1 of 3", "broker": "ok", "clock": "civil"},
			[]string{"store"},
		},
		"booking without a broker": {"?for=book", says("redis", nil), says("", away), 200, map[string]string{"store": "redis"}, nil},
		"driving without a broker": {
			"?for=drive", says("", nil), says("", away), 503,
			map[string]string{"broker": "no answer; what still works: booking"},
			[]string{"broker"},
		},
		"driving without a store": {"?for=drive", says("", away), says("", nil), 200, map[string]string{"broker": "ok"}, nil},
		"no peers":                {"?for=peers", says("", away), says("", away), 200, nil, nil},
	} {
		rec := newWorld(t, func(o *Options) {
			o.Ready = map[string]Part{
				"store": {Check: c.store, For: []Use{Book}}, "broker": {Check: c.broker, For: []Use{Drive}, Works: "booking"},
				"clock": {Check: says("civil", nil)},
			}
		}).ask("GET", "/readyz"+c.query, asNobody, "")
		h := decode[api.Health](t, rec)
		if rec.Code != c.status || (h.Status == "ok") != (c.status == 200) || !slices.Equal(h.Impaired, c.impaired) || len(h.Checks) != len(c.checks) {
			t.Errorf("%s: %d %+v", name, rec.Code, h)
		}
		for part, want := range c.checks {
			if h.Checks[part] != want {
				t.Errorf("%s: %s is %q, want %q", name, part, h.Checks[part], want)
			}
		}
	}
}

func TestReadinessForNothingKnown(t *testing.T) {
	w := newWorld(t)
	for _, query := range []string{"?for=fun", "?for=", "?for=book,drive"} {
		if rec := w.ask("GET", "/readyz"+query, asNobody, ""); rec.Code != http.StatusUnprocessableEntity || code(rec) != "INVALID_FIELD" {
			t.Errorf("%s: %d %s", query, rec.Code, rec.Body)
		}
	}
}

// A token that is no peer's is told, with who it says to be; another kind of
// caller, or none, is not one.
func TestRefusedPeersAreTold(t *testing.T) {
	var told []string
	w := newWorld(t, func(o *Options) {
		o.RefusedPeer = func(claimed charging.CompanyID, addr string) { told = append(told, string(claimed)+" "+addr) }
	})
	for _, c := range [][2]string{{"Bearer wrong", "eletrovia/SER"}, {"Bearer wrong", "curl/8"}, {"", "eletrovia/SER"}, {"Basic eDp5", "eletrovia/SER"}} {
		if rec := w.ask("GET", "/federation/v1/company", c[0], "", "User-Agent", c[1]); code(rec) != "UNAUTHENTICATED" {
			t.Errorf("%v: %d %s", c, rec.Code, rec.Body)
		}
	}
	if len(told) != 2 || !strings.HasPrefix(told[0], "SER ") || !strings.HasPrefix(told[1], " ") {
		t.Errorf("told %q", told)
	}
}
