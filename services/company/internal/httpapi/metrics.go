package httpapi

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics of the requests, by route: paths with ids in them would never end.
type metrics struct {
	seconds *prometheus.HistogramVec
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "eletrovia_http_request_seconds", Help: "How long requests took, by route and status.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 120},
	}, []string{"method", "route", "status"})}
	if err := r.Register(m.seconds); err != nil {
		return nil, fmt.Errorf("httpapi: metrics: %w", err)
	}
	return m, nil
}

// observe notes a request that has been answered.
func (m *metrics) observe(c echo.Context, began time.Time) {
	route, method := c.Path(), c.Request().Method
	status := c.Response().Status
	if status == 404 && route == "" || status == 405 {
		route, method = "none", "any"
	}
	m.seconds.WithLabelValues(method, route, strconv.Itoa(status)).Observe(time.Since(began).Seconds())
}

// metricsEvery is how often the figures are worked out, whoever asks.
const metricsEvery = time.Second

// kept is a page that is made once in a while.
type kept struct {
	make http.Handler

	mu     sync.Mutex
	made   time.Time
	status int
	header http.Header
	body   bytes.Buffer
}

// page gives the page as it was made last.
func (k *kept) page() (status int, header http.Header, body []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := time.Now(); k.header == nil || now.Sub(k.made) >= metricsEvery {
		k.made, k.status, k.header, k.body = now, http.StatusOK, http.Header{}, bytes.Buffer{}
		k.make.ServeHTTP(k, &http.Request{Method: http.MethodGet, Header: http.Header{}})
	}
	return k.status, k.header, k.body.Bytes()
}

// Header, WriteHeader and Write take the page when it is made.
func (k *kept) Header() http.Header { return k.header }

// WriteHeader keeps the status.
func (k *kept) WriteHeader(status int) { k.status = status }

// Write keeps a part of the body.
func (k *kept) Write(p []byte) (int, error) { return k.body.Write(p) }

// metricsPage answers GET /metrics.
func (a *pagesAPI) metricsPage() echo.HandlerFunc {
	k := &kept{make: promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{DisableCompression: true})}
	return func(c echo.Context) error {
		status, header, body := k.page()
		return c.Blob(status, header.Get("Content-Type"), body)
	}
}
