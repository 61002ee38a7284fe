package httpapi

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/problem"
	"github.com/eletrovia/eletrovia/services/web"
)

// healthz answers while the process lives.
func (s *Server) healthz(c echo.Context) error {
	return answer(c, http.StatusOK, api.Health{Status: statusOK})
}

// spec answers GET /openapi.yaml.
func (s *Server) spec(c echo.Context) error {
	return answerKeptRaw(c, "application/yaml", api.Spec)
}

// asyncSpec answers GET /asyncapi.yaml.
func (s *Server) asyncSpec(c echo.Context) error {
	return answerKeptRaw(c, "application/yaml", carlink.Spec)
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
	return answerKeptRaw(c, echo.MIMETextHTMLCharsetUTF8, html)
}

// favicon answers GET /favicon.ico, which browsers ask for beside every page.
func (s *Server) favicon(c echo.Context) error {
	return answerKeptRaw(c, "image/x-icon", web.Favicon)
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
