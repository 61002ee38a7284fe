package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/problem"
	"github.com/eletrovia/eletrovia/services/web"
)

// readyTime bounds the checks of /readyz.
const readyTime = 2 * time.Second

// Statuses of a Health.
const (
	statusOK          = "ok"
	statusUnavailable = "unavailable"
)

// healthz answers while the process lives.
func (s *Server) healthz(c echo.Context) error {
	return answer(c, http.StatusOK, api.Health{Status: statusOK})
}

// readyz asks every part at once; 503 when one of them is not ready.
func (s *Server) readyz(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), readyTime)
	defer cancel()
	h := api.Health{Status: statusOK, Checks: map[string]string{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for name, check := range s.o.Ready {
		wg.Go(func() {
			detail, err := check(ctx)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				h.Status, h.Checks[name] = statusUnavailable, err.Error()
			case detail == "":
				h.Checks[name] = statusOK
			default:
				h.Checks[name] = detail
			}
		})
	}
	wg.Wait()
	status := http.StatusOK
	if h.Status != statusOK {
		status = http.StatusServiceUnavailable
	}
	return answer(c, status, h)
}

// spec answers GET /openapi.yaml.
func (s *Server) spec(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/yaml", api.Spec)
}

// asyncSpec answers GET /asyncapi.yaml.
func (s *Server) asyncSpec(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/yaml", carlink.Spec)
}

// docsPage answers GET /docs: the spec, to read.
func (s *Server) docsPage(c echo.Context) error {
	html, err := s.docs()
	if err != nil {
		return err
	}
	return htmlPage(c, html)
}

// problemPage answers GET /problems/{code}: what an error means.
func (s *Server) problemPage(c echo.Context) error {
	k, ok := problem.Lookup(c.Param("code"))
	if !ok {
		return echo.ErrNotFound
	}
	var b bytes.Buffer
	if err := problemHTML.Execute(&b, k); err != nil {
		return fmt.Errorf("page of %s: %w", k.Code, err)
	}
	return htmlPage(c, b.Bytes())
}

func htmlPage(c echo.Context, html []byte) error {
	c.Response().Header().Set("Content-Security-Policy",
		"default-src 'self'; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'")
	return c.HTMLBlob(http.StatusOK, html)
}

// assets is where the web app's files are.
const assets = "/assets/"

// homePage answers GET /: the web app, for now a page about this server.
func (s *Server) homePage(c echo.Context) error { return htmlPage(c, s.home) }

// assets answers the files of the web app.
func (s *Server) assets() echo.HandlerFunc {
	files := http.StripPrefix(assets, http.FileServerFS(web.Assets()))
	return func(c echo.Context) error {
		f, err := web.Assets().Open(c.Param("*"))
		if err != nil {
			return echo.ErrNotFound
		}
		info, err := f.Stat()
		_ = f.Close()
		if err != nil || info.IsDir() {
			return echo.ErrNotFound
		}
		files.ServeHTTP(c.Response(), c.Request())
		return nil
	}
}

func homePage(o Options) ([]byte, error) {
	return web.Home(web.Server{Company: string(o.Company), Name: o.Name, MQTT: o.MQTTURL})
}

var problemHTML = template.Must(template.New("problem").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Code}}</title>
<link rel="stylesheet" href="/assets/style.css"></head>
<body><main>
<h1><code>{{.Code}}</code></h1>
<p>HTTP {{.Status}} – {{.Title}}</p>
<p>{{.English}}</p>
<p lang="pt-BR">{{.Portuguese}}</p>
<p><a href="/docs#problems">All codes · todos os códigos</a></p>
</main></body>
</html>
`))
