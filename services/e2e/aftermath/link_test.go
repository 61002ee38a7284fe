package aftermath

import (
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
)

// link stands before one company's server and is what its peers know as its
// address.
type link struct {
	url    string
	target atomic.Pointer[url.URL]
	fault  atomic.Pointer[fault]
	proxy  *httputil.ReverseProxy
}

// fault does something to requests whose path contains a word, and reports
// whether it has answered them.
type fault struct {
	word string
	do   func(http.ResponseWriter, *http.Request) bool
}

func newLink() *link {
	l := &link{}
	l.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(l.target.Load())
			r.Out.Host = r.In.Host
		},
		Transport:    &http.Transport{MaxIdleConnsPerHost: 64},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { cut(w) },
	}
	return l
}

func (l *link) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f := l.fault.Load(); f != nil && strings.Contains(r.URL.Path, f.word) && f.do(w, r) {
		return
	}
	if l.target.Load() == nil {
		cut(w)
		return
	}
	l.proxy.ServeHTTP(w, r)
}

// meets makes requests to paths that contain word meet a fault, until heal.
func (l *link) meets(word string, do func(http.ResponseWriter, *http.Request) bool) {
	l.fault.Store(&fault{word, do})
}

func (l *link) heal() { l.fault.Store(nil) }

// hold keeps such requests on the way: arrived is closed when the first has
// come, and release lets them all pass.
func (l *link) hold(word string) (arrived <-chan struct{}, release func()) {
	came, pass := make(chan struct{}), make(chan struct{})
	var once sync.Once
	l.meets(word, func(_ http.ResponseWriter, r *http.Request) bool {
		once.Do(func() { close(came) })
		select {
		case <-pass:
		case <-r.Context().Done():
		}
		return false
	})
	return came, sync.OnceFunc(func() { l.heal(); close(pass) })
}

// silent answers nothing until the caller hangs up, which shows only once its
// request has been read.
func silent(w http.ResponseWriter, r *http.Request) bool {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
	cut(w)
	return true
}

// cut closes the connection without an answer.
func cut(w http.ResponseWriter) {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		c.Close()
	}
}
