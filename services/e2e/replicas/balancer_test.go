package replicas

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api/apitest"
)

// balancer stands before the servers of a company, as a load balancer does: in
// turn, and past those that refuse the connection or say 503.
type balancer struct {
	client  *http.Client
	mu      sync.Mutex
	targets []string
	next    atomic.Int64
}

var behind = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// newBalancer makes one that holds every answer that passes against openapi.yaml.
func newBalancer(t *testing.T) *balancer {
	return &balancer{client: &http.Client{Transport: apitest.Watch(t, &http.Transport{DisableKeepAlives: true})}}
}

func (b *balancer) set(urls ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.targets = urls
}

func (b *balancer) in(turn int) (url string, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.targets) == 0 {
		return "", 0
	}
	return b.targets[turn%len(b.targets)], len(b.targets)
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	turn := int(b.next.Add(1))
	for tried := 0; ; tried++ {
		target, n := b.in(turn + tried)
		if n == 0 {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "no server", http.StatusServiceUnavailable)
			return
		}
		resp, err := b.pass(r, target, body)
		if (err != nil || resp.StatusCode == http.StatusServiceUnavailable) && tried+1 < n {
			if err == nil {
				_ = resp.Body.Close()
			}
			continue
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		maps.Copy(w.Header(), resp.Header)
		w.WriteHeader(resp.StatusCode)
		flushing(w, resp.Body)
		return
	}
}

func (b *balancer) pass(r *http.Request, target string, body []byte) (*http.Response, error) {
	out, err := http.NewRequestWithContext(r.Context(), r.Method, target+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	out.Header = r.Header.Clone()
	return b.client.Do(out)
}

// flushing copies what comes as it comes: event streams go through here too.
func flushing(w http.ResponseWriter, from io.Reader) {
	out := http.NewResponseController(w)
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if _, failed := w.Write(buf[:n]); failed != nil || err != nil {
			return
		}
		_ = out.Flush()
	}
}
