// Package apitest holds what servers answer against openapi.yaml: their status, content
// type and body, events of streams one by one. It is for tests alone; whoever makes a rig
// of servers hangs it around them (Hold), or around their clients' transport (Watch).
package apitest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/eletrovia/eletrovia/pkg/api"
)

// Spec is the specification, closed: a field of an answer that no schema names breaks it.
type Spec struct {
	doc *openapi3.T
	// routes are the paths by how many segments they have, those with fewer
	// parameters first.
	routes map[int][]route
}

const eventStream = "text/event-stream"

type route struct {
	path     string
	segments []string
	item     *openapi3.PathItem
}

// Load gives the specification that this edition's servers embed.
var Load = sync.OnceValue(func() *Spec {
	doc, err := openapi3.NewLoader().LoadFromData(api.Spec)
	if err != nil {
		panic(err) // it is embedded: TestSpecIsValidOpenAPI fails, too
	}
	s := &Spec{doc: doc, routes: map[int][]route{}}
	for path, item := range doc.Paths.Map() {
		segments := strings.Split(path, "/")
		s.routes[len(segments)] = append(s.routes[len(segments)], route{path, segments, item})
	}
	for _, rs := range s.routes {
		slices.SortFunc(rs, func(a, b route) int { return strings.Count(a.path, "{") - strings.Count(b.path, "{") })
	}
	for _, ref := range doc.Components.Schemas {
		closed(ref)
	}
	return s
})

// closed refuses what a schema with properties does not name, down to what it has in
// itself; what it refers to is closed where it stands.
func closed(ref *openapi3.SchemaRef) {
	if ref == nil || ref.Ref != "" || ref.Value == nil {
		return
	}
	s := ref.Value
	if no := false; len(s.Properties) > 0 && s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil {
		s.AdditionalProperties.Has = &no
	}
	closed(s.Items)
	closed(s.AdditionalProperties.Schema)
	for _, p := range s.Properties {
		closed(p)
	}
}

// find is the operation that a request reaches; nil where the specification has none.
// HEAD is GET's, but of a stream.
func (s *Spec) find(method, path string) (string, *openapi3.Operation) {
	if method == http.MethodHead {
		path, op := s.find(http.MethodGet, path)
		if op != nil {
			if ok := op.Responses.Status(http.StatusOK); ok != nil && ok.Value.Content.Get(eventStream) != nil {
				op = nil
			}
		}
		return path, op
	}
	segments := strings.Split(path, "/")
	for _, r := range s.routes[len(segments)] {
		if fits(r.segments, segments) {
			return r.path, r.item.GetOperation(method)
		}
	}
	return "", nil
}

func fits(template, segments []string) bool {
	for i, want := range template {
		if want != segments[i] && (!strings.HasPrefix(want, "{") || segments[i] == "") {
			return false
		}
	}
	return true
}

// Answer is what a server has answered to a request.
type Answer struct {
	Method string
	URL    *url.URL
	Status int
	Header http.Header
	// Body as it was sent: compressed where the header says so. Of a stream it may be
	// cut anywhere.
	Body []byte
}

// Check says what of an answer the specification does not, with its route and status.
func (s *Spec) Check(a Answer) error {
	path, op := s.find(a.Method, a.URL.EscapedPath())
	if err := s.check(op, a); err != nil {
		if path == "" {
			path = a.URL.Path
		}
		return fmt.Errorf("%s %s answers %d: %w\n%.800s", a.Method, path, a.Status, err, a.Body)
	}
	return nil
}

func (s *Spec) check(op *openapi3.Operation, a Answer) error {
	kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	if op == nil {
		return s.nothing(a, kind)
	}
	documented := op.Responses.Status(a.Status)
	if documented == nil {
		return fmt.Errorf("the status is not documented")
	}
	media := documented.Value.Content.Get(kind)
	if len(documented.Value.Content) == 0 {
		if a.Method != http.MethodHead && len(a.Body) > 0 {
			return fmt.Errorf("a body of %q where none is documented", kind)
		}
		return nil
	}
	if media == nil {
		return fmt.Errorf("the content type %q is not documented", kind)
	}
	if a.Method == http.MethodHead && len(a.Body) == 0 {
		return nil
	}
	switch {
	case kind == eventStream:
		return s.events(a.Body)
	case strings.HasSuffix(kind, "json"):
		return s.body(media.Schema, a)
	}
	return nil
}

// ofTheApp says whether an address is the web app's, which is no API.
func ofTheApp(path string) bool {
	return path == "/ops" || path == "/stage" || path == "/trips" || strings.HasPrefix(path, "/trips/") || strings.HasPrefix(path, "/ops/trips/") || strings.HasPrefix(path, "/assets/")
}

// nothing judges answers where the specification has no operation: a problem, the methods
// that there are, or a page or a file of the web app.
func (s *Spec) nothing(a Answer, kind string) error {
	switch {
	case a.Method == http.MethodOptions && a.Status == http.StatusNoContent, ofTheApp(a.URL.Path):
		return nil
	case a.Status != http.StatusNotFound && a.Status != http.StatusMethodNotAllowed && a.Status != http.StatusForbidden && a.Status != http.StatusRequestEntityTooLarge:
		return fmt.Errorf("no operation is documented here")
	case kind == "text/html" && a.Status == http.StatusNotFound:
		return nil // the app's page, for somebody who has opened the address in a browser
	case kind != "application/problem+json":
		return fmt.Errorf("the content type is %q, and not a problem's", kind)
	}
	if a.Method == http.MethodHead {
		return nil
	}
	return s.body(s.doc.Components.Schemas["Problem"], a)
}

func (s *Spec) body(schema *openapi3.SchemaRef, a Answer) error {
	raw := a.Body
	if a.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return err
		}
		if raw, err = io.ReadAll(z); err != nil {
			return err
		}
	}
	return judged(schema, raw)
}

func judged(schema *openapi3.SchemaRef, raw []byte) error {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	return schema.Value.VisitJSON(v, openapi3.VisitAsResponse())
}
