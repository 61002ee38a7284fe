package e2e

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// link stands before one company's REST server and is what its peers know as
// its address.
type link struct {
	target atomic.Pointer[url.URL]
	fault  atomic.Pointer[fault]
	proxy  *httputil.ReverseProxy
}

// fault does something to requests whose path contains its name, and reports
// whether it has dealt with them.
type fault struct {
	path string
	do   func(w http.ResponseWriter, r *http.Request) bool
}

func newLink() *link {
	l := &link{}
	l.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(l.target.Load())
			r.Out.Host = r.In.Host
		},
		Transport:    &http.Transport{MaxIdleConnsPerHost: 256},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { cut(w, nil) },
	}
	return l
}

func (l *link) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f := l.fault.Load(); f != nil && strings.Contains(r.URL.Path, f.path) && f.do(w, r) {
		return
	}
	if l.target.Load() == nil {
		cut(w, r)
		return
	}
	l.proxy.ServeHTTP(w, r)
}

// set makes requests to paths that contain path meet a fault; nil heals.
func (l *link) set(path string, do func(http.ResponseWriter, *http.Request) bool) {
	if do == nil {
		l.fault.Store(nil)
		return
	}
	l.fault.Store(&fault{path, do})
}

// cut closes the connection without an answer.
func cut(w http.ResponseWriter, _ *http.Request) bool {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		c.Close()
	}
	return true
}

// silent answers nothing for longer than any time-out, then closes.
func silent(w http.ResponseWriter, r *http.Request) bool {
	select {
	case <-r.Context().Done():
	case <-time.After(20 * time.Second):
	}
	return cut(w, r)
}

// rubbish answers 200 with what is no answer.
func rubbish(w http.ResponseWriter, _ *http.Request) bool {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<html>It works!</html>"))
	return true
}
