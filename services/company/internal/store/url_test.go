package store

import (
	"slices"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]struct {
		addrs      []string
		user, pass string
		master     string
		db         int
		tls, many  bool
	}{
		"redis://localhost":                               {addrs: []string{"localhost:6379"}},
		"redis://u:p%40@h:1/2":                            {addrs: []string{"h:1"}, user: "u", pass: "p@", db: 2},
		"rediss://:s@h":                                   {addrs: []string{"h:6379"}, pass: "s", tls: true},
		"redis+sentinel://h1,h2:5/mymaster/3":             {addrs: []string{"h1:26379", "h2:5"}, master: "mymaster", db: 3},
		"redis+sentinel://:p%2F@h1/m?sentinel_password=x": {addrs: []string{"h1:26379"}, master: "m", pass: "p/"},
		"redis+cluster://h1,[::1]:7,[::1]":                {addrs: []string{"h1:6379", "[::1]:7", "[::1]:6379"}, many: true},
		"rediss+cluster://u:p@h1:2/":                      {addrs: []string{"h1:2"}, user: "u", pass: "p", many: true, tls: true},
	} {
		u, err := parseURL(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if !slices.Equal(u.Addrs, want.addrs) || u.Username != want.user || u.Password != want.pass || u.MasterName != want.master ||
			u.DB != want.db || (u.TLSConfig != nil) != want.tls || u.IsClusterMode != want.many {
			t.Errorf("%s: %+v", raw, u)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, seed := range []string{
		"redis://u:p@h:1/2", "rediss://h", "redis+sentinel://:p@h1,h2/m/1?sentinel_password=x", "redis+cluster://h1,[::1]:7", "redis+cluster://@,/", "://",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := parseURL(raw)
		if err != nil {
			if u != nil && strings.HasPrefix(raw, "redis+cluster") {
				t.Errorf("%q: both %v and %v", raw, u, err)
			}
			return
		}
		if len(u.Addrs) == 0 || slices.Contains(u.Addrs, "") || (u.MasterName != "" && u.IsClusterMode) {
			t.Errorf("%q: %+v", raw, u)
		}
	})
}

// The lock's JSON is built by hand: anything must come out as one JSON string.
func FuzzQuote(f *testing.F) {
	f.Add("BR*MAR*E0001*1")
	f.Add("a\"\\\n\x00é\xff")
	f.Fuzz(func(t *testing.T, s string) {
		q := quote(nil, s)
		if q[0] != '"' || q[len(q)-1] != '"' || strings.ContainsAny(string(q[1:len(q)-1]), "\n\x00") {
			t.Errorf("%q", q)
		}
	})
}
