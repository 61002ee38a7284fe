package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/problem"
	"github.com/eletrovia/eletrovia/services/web"
)

// pagesAPI is what the server tells of itself, and the pages of its web app.
type pagesAPI struct {
	keys     func() json.RawMessage
	parts    map[string]Part
	registry *prometheus.Registry
	docs     func() ([]byte, error)
	web      *web.App
}

func (a *pagesAPI) routes(g *guards) []route {
	list := []route{
		{get, "/.well-known/jwks.json", g.anybody(a.jwks)},
		{get, "/healthz", g.page(a.healthz)},
		{get, "/readyz", g.apart(g.page(a.readyz))},
		{get, "/metrics", g.apart(g.page(a.metricsPage()))},
		{get, "/openapi.yaml", g.page(a.spec)},
		{get, "/asyncapi.yaml", g.page(a.asyncSpec)},
		{get, "/docs", g.page(a.docsPage)},
		{get, "/problems", g.page(a.problemsPage)},
		{get, "/problems/:code", g.page(a.problemPage)},
		{get, "/favicon.ico", g.page(a.favicon)},
		{get, "/assets/*", g.page(a.asset)},
	}
	for _, page := range []string{"/", "/trips", "/trips/:trip_id", "/ops", "/ops/trips/:trip_id", "/stage"} {
		list = append(list, route{get, page, g.page(a.appPage)})
	}
	return list
}

// healthz answers while the process lives.
func (a *pagesAPI) healthz(c echo.Context) error {
	return answer(c, http.StatusOK, api.Health{Status: statusOK})
}

// spec answers GET /openapi.yaml.
func (a *pagesAPI) spec(c echo.Context) error {
	return answerKeptRaw(c, "application/yaml", api.Spec)
}

// asyncSpec answers GET /asyncapi.yaml.
func (a *pagesAPI) asyncSpec(c echo.Context) error {
	return answerKeptRaw(c, "application/yaml", carlink.Spec)
}

// docsPage answers GET /docs: the spec, to read.
func (a *pagesAPI) docsPage(c echo.Context) error {
	html, err := a.docs()
	if err != nil {
		return err
	}
	return htmlPage(c, html)
}

// problemPage answers GET /problems/{code}: what an error means.
func (a *pagesAPI) problemPage(c echo.Context) error {
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

// problemsPage answers GET /problems: what every error means.
func (a *pagesAPI) problemsPage(c echo.Context) error {
	var b bytes.Buffer
	if err := problemsHTML.Execute(&b, problem.Kinds()); err != nil {
		return fmt.Errorf("page of all errors: %w", err)
	}
	return htmlPage(c, b.Bytes())
}

func htmlPage(c echo.Context, html []byte) error {
	c.Response().Header().Set("Content-Security-Policy",
		"default-src 'self'; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'")
	return answerKeptRaw(c, echo.MIMETextHTMLCharsetUTF8, html)
}

// favicon answers GET /favicon.ico, which browsers ask for beside every page.
func (a *pagesAPI) favicon(c echo.Context) error {
	return answerKeptRaw(c, "image/x-icon", web.Favicon)
}

// appPage answers the addresses of the web app's pages: all begin as the same page.
func (a *pagesAPI) appPage(c echo.Context) error {
	html, err := a.web.Page()
	if err != nil {
		return fmt.Errorf("the web app's page: %w", err)
	}
	appPolicy(c)
	return answerKeptRaw(c, echo.MIMETextHTMLCharsetUTF8, html)
}

// appPolicy says what a page of the web app may load: nothing from elsewhere, and no code
// that is not a file of its own.
func appPolicy(c echo.Context) {
	c.Response().Header().Set("Content-Security-Policy",
		"default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
}

// serviceWorker keeps the app in the browser, all its pages, though it lies among the assets.
const serviceWorker = "sw.js"

// asset answers the files of the web app. Those whose names tell their content are kept
// for good.
func (a *pagesAPI) asset(c echo.Context) error {
	f, err := a.web.Asset(c.Param("*"))
	switch {
	case web.Missing(err):
		return echo.ErrNotFound
	case err != nil:
		return fmt.Errorf("the web app: %w", err)
	}
	h := c.Response().Header()
	if c.Param("*") == serviceWorker {
		h.Set("Service-Worker-Allowed", "/")
	}
	if f.Kept {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if f.Gzip != nil {
		h.Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
		if wantsGzip(c.Request()) {
			h.Set(echo.HeaderContentEncoding, "gzip")
			return answerKeptRaw(c, f.Media, f.Gzip)
		}
	}
	return answerKeptRaw(c, f.Media, f.Content)
}

// problemHead begins a page about errors; what follows is its title.
const problemHead = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="stylesheet" href="/assets/style.css">
`

var problemHTML = template.Must(template.New("problem").Parse(problemHead + `<title>{{.Code}}</title></head>
<body><main>
<h1><code>{{.Code}}</code></h1>
<p>HTTP {{.Status}} – {{.Title}}</p>
<p>{{.English}}</p>
<p lang="pt-BR">{{.Portuguese}}</p>
<p><a href="/problems">All codes · <span lang="pt-BR">todos os códigos</span></a></p>
</main></body>
</html>
`))

var problemsHTML = template.Must(template.New("problems").Parse(problemHead + `<title>What an error means</title></head>
<body><main>
<h1>What an error means · <span lang="pt-BR">O que um erro significa</span></h1>
<p>The code stands in each answer that refuses (application/problem+json). <a href="/docs">The API, to read</a></p>
<p lang="pt-BR">O código está em cada resposta que recusa. <a href="/docs" hreflang="en">A API, para ler (em inglês)</a></p>
{{range .}}<h2 id="{{.Code}}"><a href="/problems/{{.Code}}"><code>{{.Code}}</code></a></h2>
<p>HTTP {{.Status}} – {{.Title}}</p>
<p>{{.English}}</p>
<p lang="pt-BR">{{.Portuguese}}</p>
{{end}}</main></body>
</html>
`))

// jwks answers GET /.well-known/jwks.json: the keys with which this company signs.
func (a *pagesAPI) jwks(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "max-age=60")
	return answer(c, http.StatusOK, a.keys())
}
