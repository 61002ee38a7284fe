package e2e

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api"
)

// item is a folder or a request of a Postman collection.
type item struct {
	Name    string `json:"name"`
	Items   []item `json:"item"`
	Request *struct {
		Method string `json:"method"`
		URL    struct {
			Raw string `json:"raw"`
		} `json:"url"`
	} `json:"request"`
}

// TestCollectionKeepsToTheContract holds the Postman collection against the
// OpenAPI description: every request has a route, but for those that say in
// their name that they have none.
func TestCollectionKeepsToTheContract(t *testing.T) {
	raw, err := os.ReadFile("../../docs/postman/eletrovia.postman_collection.json")
	if err != nil {
		t.Fatal(err)
	}
	var all item
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	routes := routesOfSpec(t)
	seen := 0
	for _, r := range flatten(all) {
		// Names of servers, {{mar}}, are the base; other names stand for one segment.
		_, path, _ := strings.Cut(strings.SplitN(r.Request.URL.Raw, "?", 2)[0], "}}/")
		path = "/" + regexp.MustCompile(`\{\{[^}]*\}\}`).ReplaceAllString(path, "x")
		known := false
		for _, route := range routes {
			known = known || route.MatchString(r.Request.Method+" "+path)
		}
		hostile := strings.Contains(r.Name, "route") || strings.Contains(r.Name, "method")
		if !known && !hostile {
			t.Errorf("%q: %s %s is no route of the contract", r.Name, r.Request.Method, path)
		}
		seen++
	}
	if seen < 40 {
		t.Errorf("only %d requests were found", seen)
	}
}

func flatten(i item) []item {
	if i.Request != nil {
		return []item{i}
	}
	var all []item
	for _, sub := range i.Items {
		all = append(all, flatten(sub)...)
	}
	return all
}

// routesOfSpec reads method and path out of the description, one expression a
// route in which a parameter is one segment.
func routesOfSpec(t *testing.T) []*regexp.Regexp {
	t.Helper()
	var routes []*regexp.Regexp
	path := ""
	inPaths := false
	for _, line := range strings.Split(string(api.Spec), "\n") {
		switch {
		case line == "paths:":
			inPaths = true
		case line != "" && line[0] != ' ' && line[0] != '#':
			inPaths = false
		case inPaths && strings.HasPrefix(line, "  /"):
			path = strings.TrimSuffix(strings.TrimSpace(line), ":")
		case inPaths && regexp.MustCompile(`^    (get|put|post|delete):`).MatchString(line):
			method := strings.ToUpper(strings.TrimSuffix(strings.TrimSpace(line), ":"))
			pattern := regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(path), `[^/]+`)
			routes = append(routes, regexp.MustCompile("^"+method+" "+pattern+"$"))
		}
	}
	if len(routes) < 40 {
		t.Fatalf("only %d routes in the description", len(routes))
	}
	return routes
}
