package api

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// TestTheContractIsComplete holds the contract that people read against the specification:
// every route, code, state and field of openapi.yaml is named in docs/protocol.md, so that
// a peer can be written from it alone. The stage's own shapes are the demo's, and no peer's.
func TestTheContractIsComplete(t *testing.T) {
	raw, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	words := map[string]bool{}
	for _, w := range regexp.MustCompile(`[A-Za-z0-9_]+`).FindAllString(text, -1) {
		words[w] = true
	}
	for _, c := range charging.Codes() {
		if !words[string(c)] {
			t.Errorf("code %s is missing", c)
		}
	}
	for _, s := range charging.States() {
		if !words[string(s)] {
			t.Errorf("state %s of a reservation is missing", s)
		}
	}
	for _, s := range trip.States() {
		if !words[string(s)] {
			t.Errorf("state %s of a trip is missing", s)
		}
	}
	doc := loadSpec(t)
	for path := range doc.Paths.Map() {
		// A row may name the actions beside its first by their ends, `/resume`.
		short := strings.TrimPrefix(path, "/federation/v1")
		if !strings.Contains(text, short) && !strings.Contains(text, "`"+path[strings.LastIndexByte(path, '/'):]) && path != "/favicon.ico" {
			t.Errorf("route %s is missing", path)
		}
	}
	fields := 0
	for name, schema := range doc.Components.Schemas {
		if strings.HasPrefix(name, "Stage") || name == "Scene" {
			continue
		}
		for _, field := range propertiesOf(schema) {
			fields++
			if !words[field] {
				t.Errorf("field %s of %s is missing", field, name)
			}
		}
	}
	if fields < 500 {
		t.Errorf("only %d fields were found", fields)
	}
}

// propertiesOf lists the properties of a schema and of what stands in it; what it refers to
// is looked at by itself.
func propertiesOf(r *openapi3.SchemaRef) (names []string) {
	if r == nil || r.Value == nil {
		return nil
	}
	s := r.Value
	for name, p := range s.Properties {
		names = append(names, name)
		if p.Ref == "" {
			names = append(names, propertiesOf(p)...)
		}
	}
	for _, in := range append(append(append([]*openapi3.SchemaRef{s.Items}, s.AllOf...), s.OneOf...), s.AnyOf...) {
		if in != nil && in.Ref == "" {
			names = append(names, propertiesOf(in)...)
		}
	}
	return names
}
