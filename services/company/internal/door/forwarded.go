package door

import (
	"net"
	"net/http"
	"strings"
)

// maxForwarded bounds how many addresses of X-Forwarded-For are looked at.
const maxForwarded = 32

// From is who makes a request, as "ip:port": the other end of the connection or,
// where that is a trusted proxy, the last address of X-Forwarded-For that is no
// trusted proxy's. What stands before it, the caller may have written himself. The
// port is 0 where a proxy tells the address.
func (t Trusted) From(r *http.Request) string {
	from := r.RemoteAddr
	if len(t) == 0 {
		return from
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for n := 0; n < maxForwarded && t.Has(from) && len(hops) > 0; n++ {
		a := parse(strings.TrimSpace(hops[len(hops)-1]))
		if !a.IsValid() {
			break // the proxy that wrote it is the best that is known
		}
		hops = hops[:len(hops)-1]
		from = net.JoinHostPort(a.String(), "0")
	}
	return from
}
