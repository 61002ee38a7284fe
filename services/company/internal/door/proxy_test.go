package door

import (
	"bufio"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

const v2 = proxyBinary + "\x21\x11\x00\x0c\xc0\x00\x02\x07\x0a\x00\x00\x01\x12\x67\x00\x50"

func TestProxyHeaders(t *testing.T) {
	for say, want := range map[string]string{
		"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\nGET":      "192.0.2.7:4711",
		"PROXY TCP6 2001:db8::7 2001:db8::1 4711 80\r\nGET": "[2001:db8::7]:4711",
		"PROXY UNKNOWN ff 1\r\nGET":                         "",
		"GET":                                               "",
		v2 + "GET":                                          "192.0.2.7:4711",
		proxyBinary + "\x20\x00\x00\x00GET":                 "",
		proxyBinary + "\x21\x31\x00\x02abGET":               "",
		proxyBinary + "\x21\x11\x00\x0e\x01\x02\x03\x04\x0a\x00\x00\x01\x12\x67\x00\x50ttGET": "1.2.3.4:4711",
		"PROXY TCP4 2001:db8::7 10.0.0.1 4711 80\r\nGET":                                      "error",
		"PROXY TCP4 192.0.2.7 10.0.0.1 70000 80\r\nGET":                                       "error",
		"PROXY TCP4 192.0.2.7\r\nGET":                                                         "error",
		"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\nGET":                                          "error",
		"PROXY " + strings.Repeat("x", 200):                                                   "error",
		proxyBinary + "\x31\x11\x00\x00GET":                                                   "error",
		proxyBinary + "\x21\x11\xff\xffGET":                                                   "error",
		proxyBinary + "\x21\x11\x00\x04\x01\x02\x03\x04GET":                                   "error",
	} {
		r := bufio.NewReader(strings.NewReader(say))
		got, err := readProxy(r)
		rest, _ := io.ReadAll(r)
		switch {
		case want == "error":
			if err == nil {
				t.Errorf("%q is taken as %s", say, got)
			}
		case err != nil || got.IsValid() != (want != "") || want != "" && got.String() != want || string(rest) != "GET":
			t.Errorf("%q: %s %v, then %q", say, got, err, rest)
		}
	}
}

// FuzzProxyHeader: whatever a connection begins with, no more than a header is taken
// off it, and an address is one that can be said.
func FuzzProxyHeader(f *testing.F) {
	f.Add([]byte("PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\nGET / HTTP/1.1\r\n"))
	f.Add([]byte(v2 + "GET"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := bufio.NewReader(strings.NewReader(string(raw)))
		from, err := readProxy(r)
		rest, _ := io.ReadAll(r)
		taken := len(raw) - len(rest)
		if taken > v2Head+maxTail || !strings.HasSuffix(string(raw), string(rest)) {
			t.Fatalf("%d bytes taken", taken)
		}
		if err == nil && from.IsValid() {
			if again, e := netip.ParseAddrPort(from.String()); e != nil || again != from || taken == 0 {
				t.Fatalf("%s of %q", from, raw)
			}
		}
	})
}

// TestForwarded: only what a trusted proxy has written last counts.
func TestForwarded(t *testing.T) {
	proxies := Trusted{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}
	for _, c := range []struct{ remote, header, want string }{
		{"192.0.2.1:9", "198.51.100.1", "192.0.2.1:9"},
		{"10.0.0.1:9", "", "10.0.0.1:9"},
		{"10.0.0.1:9", "198.51.100.1", "198.51.100.1:0"},
		{"10.0.0.1:9", "1.1.1.1, 198.51.100.1, 10.2.2.2", "198.51.100.1:0"},
		{"10.0.0.1:9", "198.51.100.1, nonsense", "10.0.0.1:9"},
		{"[2001:db8:1::1]:9", "2001:db8:2::5", "[2001:db8:2::5]:0"},
		{"10.0.0.1:9", "[2001:db8:2::5]:77", "[2001:db8:2::5]:0"},
		{"10.0.0.1:9", "10.3.3.3", "10.3.3.3:0"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
		if c.header != "" {
			r.Header.Set("X-Forwarded-For", c.header)
		}
		if got := proxies.From(r); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
		if got := Trusted(nil).From(r); got != c.remote {
			t.Errorf("nobody is trusted: %s", got)
		}
	}
}
