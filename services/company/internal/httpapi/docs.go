package httpapi

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/problem"
)

// contract is what the page shows of openapi.yaml, in its order.
type contract struct {
	Title, Summary, Description string
	Groups                      []group
	Schemas                     []schema
	Problems                    []problem.Kind
}

type group struct {
	Name, Description string
	Operations        []operation
}

type operation struct {
	Method, Path, Summary, Description string
	// Callers says by what the caller shows who it is.
	Callers    string
	Body       string
	Parameters []parameter
	Responses  []response
}

type parameter struct{ Name, In, Description string }

type response struct{ Status, Description, Schema string }

type schema struct{ Name, Text string }

// node is a mapping of the spec, in order.
type node struct{ yaml.MapSlice }

func (n node) value(key string) any {
	for _, item := range n.MapSlice {
		if item.Key == key {
			return item.Value
		}
	}
	return nil
}

func (n node) at(keys ...string) node {
	for _, k := range keys {
		m, _ := n.value(k).(yaml.MapSlice)
		n = node{m}
	}
	return n
}

func (n node) text(key string) string {
	s, _ := n.value(key).(string)
	return s
}

func (n node) list(key string) []node {
	items, _ := n.value(key).([]any)
	var list []node
	for _, v := range items {
		m, _ := v.(yaml.MapSlice)
		list = append(list, node{m})
	}
	return list
}

// refName is the last part of a $ref, or "".
func (n node) refName() string {
	ref := n.text("$ref")
	return ref[strings.LastIndexByte(ref, '/')+1:]
}

// renderDocs turns the spec into one page that needs nothing else.
func renderDocs() ([]byte, error) {
	var root yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(api.Spec, &root, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	doc := readContract(node{root})
	var b bytes.Buffer
	if err := docsHTML.Execute(&b, doc); err != nil {
		return nil, fmt.Errorf("docs page: %w", err)
	}
	return b.Bytes(), nil
}

func readContract(root node) contract {
	info := root.at("info")
	doc := contract{
		Title: info.text("title"), Summary: info.text("summary"), Description: info.text("description"), Problems: problem.Kinds(),
	}
	byTag := map[string][]operation{}
	for _, path := range root.at("paths").MapSlice {
		name, _ := path.Key.(string)
		methods, _ := path.Value.(yaml.MapSlice)
		for _, m := range methods {
			method, _ := m.Key.(string)
			op, _ := m.Value.(yaml.MapSlice)
			tag := firstTag(node{op})
			byTag[tag] = append(byTag[tag], readOperation(root, method, name, node{op}))
		}
	}
	for _, t := range root.list("tags") {
		doc.Groups = append(doc.Groups, group{t.text("name"), t.text("description"), byTag[t.text("name")]})
	}
	for _, s := range root.at("components", "schemas").MapSlice {
		name, _ := s.Key.(string)
		text, err := yaml.Marshal(s.Value)
		if err != nil {
			text = []byte(err.Error())
		}
		doc.Schemas = append(doc.Schemas, schema{name, string(text)})
	}
	return doc
}

func firstTag(op node) string {
	tags, _ := op.value("tags").([]any)
	if len(tags) == 0 {
		return ""
	}
	tag, _ := tags[0].(string)
	return tag
}

func readOperation(root node, method, path string, op node) operation {
	o := operation{
		Method: strings.ToUpper(method), Path: path, Summary: op.text("summary"), Description: op.text("description"),
		Body: op.at("requestBody", "content", "application/json", "schema").refName(),
	}
	var who []string
	for _, s := range op.list("security") {
		for _, scheme := range s.MapSlice {
			who = append(who, fmt.Sprint(scheme.Key))
		}
	}
	if o.Callers = strings.Join(who, " or "); o.Callers == "" {
		o.Callers = "anybody"
	}
	for _, p := range op.list("parameters") {
		p = root.at("components", "parameters", p.refName())
		o.Parameters = append(o.Parameters, parameter{p.text("name"), p.text("in"), p.text("description")})
	}
	for _, r := range op.at("responses").MapSlice {
		m, _ := r.Value.(yaml.MapSlice)
		answer := node{m}
		if ref := answer.refName(); ref != "" {
			answer = root.at("components", "responses", ref)
		}
		s := answer.at("content", "application/json", "schema")
		name := s.refName()
		if items := s.at("items").refName(); items != "" {
			name = items
		}
		o.Responses = append(o.Responses, response{fmt.Sprint(r.Key), answer.text("description"), name})
	}
	return o
}

var docsHTML = template.Must(template.New("docs").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Title}}: API</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; overflow-wrap: anywhere; color: #1c2321; background: #fff }
h2 { border-bottom: 2px solid #0b7a5f; margin-top: 3rem }
code, pre { font-family: ui-monospace, monospace; font-size: .9em }
pre { background: #f2f5f4; padding: .75rem; white-space: pre-wrap }
details { border: 1px solid #d5dedb; border-radius: 6px; margin: .5rem 0; padding: .5rem .75rem }
summary { cursor: pointer }
.m { display: inline-block; font-weight: bold; min-width: 4.5rem; color: #0b7a5f }
table { border-collapse: collapse; width: 100% }
td { border-top: 1px solid #e4eae8; padding: .25rem .5rem; vertical-align: top }
@media (prefers-color-scheme: dark) { body { background: #14191a; color: #dfe7e4 } pre { background: #1f2726 } .m, a { color: #4fd1ae } td, details { border-color: #34403d } }
</style></head>
<body>
<main>
<h1>{{.Title}}</h1>
<p>{{.Summary}} <a href="/openapi.yaml">openapi.yaml</a>, and over MQTT <a href="/asyncapi.yaml">asyncapi.yaml</a></p>
<pre>{{.Description}}</pre>
<p>{{range .Groups}}<a href="#{{.Name}}">{{.Name}}</a> · {{end}}<a href="#schemas">schemas</a> · <a href="#problems">problems</a></p>
{{range .Groups}}<h2 id="{{.Name}}">{{.Name}}</h2>
<p>{{.Description}}</p>
{{range .Operations}}<details><summary><span class="m">{{.Method}}</span> <code>{{.Path}}</code> – {{.Summary}}</summary>
<p>{{.Description}}</p>
<p>Caller: {{.Callers}}{{with .Body}}. Body: <a href="#schema-{{.}}">{{.}}</a>{{end}}</p>
{{if .Parameters}}<table>{{range .Parameters}}<tr><td><code>{{.Name}}</code></td><td>{{.In}}</td><td>{{.Description}}</td></tr>{{end}}</table>{{end}}
<table>{{range .Responses}}<tr><td>{{.Status}}</td><td>{{.Description}}</td><td>{{with .Schema}}<a href="#schema-{{.}}">{{.}}</a>{{end}}</td></tr>{{end}}</table>
</details>
{{end}}{{end}}<h2 id="schemas">schemas</h2>
{{range .Schemas}}<details id="schema-{{.Name}}"><summary><code>{{.Name}}</code></summary><pre>{{.Text}}</pre></details>
{{end}}<h2 id="problems">problems</h2>
<table>{{range .Problems}}<tr><td>{{.Status}}</td><td><a href="/problems/{{.Code}}"><code>{{.Code}}</code></a></td><td>{{.Title}}</td></tr>{{end}}</table>
</main>
</body>
</html>
`))
