package api

import (
	"context"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func loadSpec(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(Spec)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestSpecIsValidOpenAPI(t *testing.T) {
	doc := loadSpec(t)
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("version %s", doc.OpenAPI)
	}
}

func enumOf(t *testing.T, doc *openapi3.T, name string) []string {
	t.Helper()
	var out []string
	for _, v := range doc.Components.Schemas[name].Value.Enum {
		out = append(out, v.(string))
	}
	return out
}

func TestSpecKnowsEveryCodeAndState(t *testing.T) {
	doc := loadSpec(t)
	var codes, states []string
	for _, c := range charging.Codes() {
		codes = append(codes, string(c))
	}
	for _, s := range trip.States() {
		states = append(states, string(s))
	}
	if got := enumOf(t, doc, "Code"); !slices.Equal(got, codes) {
		t.Errorf("codes %v, want %v", got, codes)
	}
	if got := enumOf(t, doc, "TripState"); !slices.Equal(got, states) {
		t.Errorf("states %v, want %v", got, states)
	}
}
