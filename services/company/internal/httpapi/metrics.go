package httpapi

import (
	"fmt"
	"strconv"
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

// metricsPage answers GET /metrics.
func (s *Server) metricsPage() echo.HandlerFunc {
	return echo.WrapHandler(promhttp.HandlerFor(s.o.Metrics, promhttp.HandlerOpts{}))
}
