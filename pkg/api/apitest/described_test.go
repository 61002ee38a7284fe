package apitest

import (
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// A field that nobody describes is one that every reader has to guess. What a field
// refers to may say it.
func TestEveryFieldIsDescribed(t *testing.T) {
	said := func(ref *openapi3.SchemaRef) bool { return ref.Value.Description != "" }
	var walk func(at string, ref *openapi3.SchemaRef)
	walk = func(at string, ref *openapi3.SchemaRef) {
		if ref == nil || ref.Ref != "" {
			return
		}
		for name, p := range ref.Value.Properties {
			if !said(p) {
				t.Errorf("%s.%s has no description", at, name)
			}
			walk(at+"."+name, p)
		}
		if len(ref.Value.AllOf) > 1 {
			t.Errorf("%s is put together of several: what one of them has the other, closed, refuses in every answer; name all fields in one", at)
		}
		walk(at+"[]", ref.Value.Items)
		walk(at+"{}", ref.Value.AdditionalProperties.Schema)
		for _, one := range slices.Concat(ref.Value.OneOf, ref.Value.AnyOf, ref.Value.AllOf) {
			walk(at, one)
		}
	}
	for name, ref := range Load().doc.Components.Schemas {
		walk(name, ref)
	}
	for path, item := range Load().doc.Paths.Map() {
		for method, op := range item.Operations() {
			for status, r := range op.Responses.Map() {
				for _, media := range r.Value.Content {
					walk(method+" "+path+" "+status, media.Schema)
				}
			}
			if op.RequestBody != nil {
				for _, media := range op.RequestBody.Value.Content {
					walk(method+" "+path, media.Schema)
				}
			}
		}
	}
}
