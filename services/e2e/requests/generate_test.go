package requests

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// operation is one of the specification.
type operation struct {
	method, path string
	op           *openapi3.Operation
}

func operations(doc *openapi3.T) []operation {
	var all []operation
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all = append(all, operation{method, path, op})
		}
	}
	sort.Slice(all, func(i, k int) bool { return all[i].op.OperationID < all[k].op.OperationID })
	return all
}

// request is what is sent.
type request struct {
	operation
	target, as, contentType, body string
	head                          map[string]string
	held                          *held // what it is about, if it was made before
	elsewhere                     bool  // a path parameter was left empty: another route, or none
}

var rubbish = []string{
	"", " ", "\x00", "a\x00b", "\u202egnp.exe", "<script>", "\x1b[31m", "../../x", "__proto__", "-1", "0", "NaN", "1e999",
	"99999999999999999999999", "ção€😀", strings.Repeat("x", 300), strings.Repeat("😀", 2000), "2026-13-45T99:99:99Z",
	"0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "true", "null", "\xff\xfe",
}

// raws are put into a body as they are: not all is JSON.
var raws = []string{
	"NaN", "1e999", "-1e999", "1e308", "-1", "0", "null", "true", "[]", "{}", "1.5", "99999999999999999999999999", "9223372036854775807",
	`"\u202e"`, `"\u0000"`, `"\ud800"`, `""`, `"` + strings.Repeat("x", 5000) + `"`,
	strings.Repeat("[", 500) + strings.Repeat("]", 500), strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000),
}

// generator makes requests out of a seed.
type generator struct {
	*rand.Rand
	ids map[string][]string
	ops []operation
	// held are the reservations that this run has made, as a peer.
	held []held
}

func (g *generator) pick(from []string) string { return from[g.IntN(len(from))] }

// request of the n-th operation in turn; half of them are spoilt.
func (g *generator) request(n int) request {
	o := g.ops[n%len(g.ops)]
	r := request{operation: o, as: g.as(o), head: map[string]string{}}
	spoil := g.IntN(2) == 0
	g.follow(&r)
	path, query := o.path, url.Values{}
	for _, ref := range o.op.Parameters {
		p := ref.Value
		if p.In != "path" && !p.Required && g.IntN(2) == 0 {
			continue
		}
		v := fmt.Sprint(g.text(o, p))
		if r.held != nil && p.Name == "reservation_id" {
			v = r.held.id
		}
		if spoil && g.IntN(4) == 0 {
			v = g.pick(rubbish)
		}
		if p.In == "path" && strings.HasPrefix(v, "EV-") && g.IntN(2) == 0 && r.as != "SER" {
			r.as = v // about itself
		}
		switch p.In {
		case "path":
			r.elsewhere = r.elsewhere || v == "" || strings.Contains(v, "/")
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(v))
		case "query":
			if !spoil || g.IntN(8) != 0 {
				query.Add(p.Name, v)
			}
		case "header":
			r.head[p.Name] = printable(v)
		}
	}
	if spoil && g.IntN(6) == 0 {
		query.Add("limit", g.pick(rubbish))
	}
	r.target = path
	if len(query) > 0 {
		r.target += "?" + query.Encode()
	}
	g.withBody(&r, spoil)
	return r
}

func (g *generator) text(o operation, p *openapi3.Parameter) any {
	id := o.op.OperationID
	switch {
	case p.Name == "Prefer":
		return "wait=0"
	case p.Name == "vehicle_id" && p.In == "path":
		return g.pick([]string{"EV-0008", "EV-0009", "EV-7777"}) // may be revoked
	case p.Name == "company_id":
		return g.pick([]string{"CAJ", "CAJ", "XXX", "MAR"}) // SER is who asks
	case (id == "reserve" || id == "claim") && p.In == "path" && g.IntN(3) > 0:
		return g.string(p.Schema.Value) // a new one
	case id == "setEVSEStatus" && p.Name == "evse_id":
		return g.pick([]string{"BR*MAR*E0002*1", "BR*MAR*E9999*9", "BR*SER*E0001*1"})
	}
	return g.value(p.Name, p.Schema, 0)
}

// printable leaves what a header can carry.
func printable(v string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.TrimSpace(v))
}

// as is mostly somebody who may.
func (g *generator) as(o operation) string {
	switch {
	case g.IntN(4) == 0:
		return g.pick([]string{"", "EV-0001", "EV-0002", "operator", "SER", "wrong"})
	case strings.HasPrefix(o.path, "/federation/"):
		return "SER"
	case slices.Contains(o.op.Tags, "operator"):
		return "operator"
	}
	return g.pick([]string{"EV-0001", "EV-0001", "operator"})
}

func (g *generator) withBody(r *request, spoil bool) {
	if r.op.RequestBody == nil {
		if spoil && g.IntN(4) == 0 {
			r.contentType, r.body = "application/json", g.pick(raws)
		}
		return
	}
	r.contentType = "application/json"
	content := r.op.RequestBody.Value.Content.Get("application/json")
	if content == nil {
		return
	}
	v := g.value("", content.Schema, 0)
	g.mostlyRight(r, v)
	raw := ""
	if spoil {
		raw = g.pick(raws)
		v = g.spoil(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only what has a JSON form is generated
	}
	r.body = strings.ReplaceAll(string(b), `"@raw@"`, raw)
	if !spoil {
		return
	}
	switch g.IntN(12) {
	case 0:
		r.contentType = g.pick([]string{"", "text/plain", "application/xml", "application/json; charset=utf-16", "multipart/form-data"})
	case 1:
		r.body = raw
	case 2:
		r.body = r.body[:g.IntN(len(r.body)+1)]
	case 3:
		r.body += r.body
	}
}

// spoil changes one place of a value: replaced by a raw text, left out, or added to.
func (g *generator) spoil(v any) any {
	switch x := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(x))
		for k := range x {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		if n := g.IntN(len(keys) + 2); n < len(keys) {
			k := keys[n]
			if g.IntN(4) == 0 {
				delete(x, k)
			} else {
				x[k] = g.spoil(x[k])
			}
		} else {
			x[g.pick([]string{"extra", "__proto__", "\u202e"})] = "@raw@"
		}
		return x
	case []any:
		if len(x) > 0 && g.IntN(3) > 0 {
			x[0] = g.spoil(x[0])
			return x
		}
		return slices.Repeat([]any{"@raw@"}, 1+g.IntN(30))
	}
	if g.IntN(3) == 0 {
		return g.pick(rubbish)
	}
	return "@raw@"
}

// value is one that a schema allows; real ids go where their names say.
func (g *generator) value(name string, ref *openapi3.SchemaRef, depth int) any {
	if known := g.ids[name]; len(known) > 0 && g.IntN(8) > 0 {
		return g.pick(known)
	}
	s := ref.Value
	switch {
	case len(s.Enum) > 0:
		return s.Enum[g.IntN(len(s.Enum))]
	case len(s.OneOf) > 0:
		return g.value(name, s.OneOf[g.IntN(len(s.OneOf))], depth)
	case len(s.AnyOf) > 0:
		return g.value(name, s.AnyOf[g.IntN(len(s.AnyOf))], depth)
	case s.Type.Includes("array"):
		list := []any{}
		for range 1 + g.IntN(2) {
			list = append(list, g.value(strings.TrimSuffix(name, "s"), s.Items, depth+1))
		}
		return list
	case s.Type.Includes("boolean"):
		return g.IntN(2) == 0
	case s.Type.Includes("integer"), s.Type.Includes("number"):
		return g.number(s)
	case s.Type.Includes("string"):
		return g.string(s)
	}
	return g.object(s, depth)
}

func (g *generator) object(s *openapi3.Schema, depth int) map[string]any {
	m := map[string]any{}
	for _, part := range s.AllOf {
		for k, v := range g.object(part.Value, depth) {
			m[k] = v
		}
	}
	names := make([]string, 0, len(s.Properties))
	for k := range s.Properties {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		if slices.Contains(s.Required, k) || depth < 5 && g.IntN(2) == 0 {
			m[k] = g.value(k, s.Properties[k], depth+1)
		}
	}
	return g.together(m)
}

// together has members agree that a schema cannot say of: a window ends after it
// starts, a trip is of a plan or of stops, a hold is not for ever.
func (g *generator) together(m map[string]any) map[string]any {
	if start, ok := m["start"].(string); ok && m["end"] != nil {
		if from, err := time.Parse(time.RFC3339, start); err == nil {
			m["end"] = from.Add(15 * time.Minute).Format(time.RFC3339)
		}
	}
	if m["stops"] != nil && m["plan_id"] != nil {
		delete(m, g.pick([]string{"stops", "plan_id"}))
	}
	if m["ttl_seconds"] != nil {
		m["ttl_seconds"] = 1 + g.IntN(60)
	}
	return m
}

func (g *generator) number(s *openapi3.Schema) any {
	low, high := 0.0, 100.0
	if s.Min != nil {
		low = *s.Min
		high = low + 100
	}
	if s.Max != nil {
		high = *s.Max
	}
	if s.Type.Includes("integer") {
		return int64(low) + g.Int64N(max(1, int64(high-low)+1))
	}
	return low + g.Float64()*(high-low)
}

func (g *generator) string(s *openapi3.Schema) string {
	switch {
	case s.Format == "date-time":
		return time.Now().UTC().Truncate(time.Hour).Add(time.Duration(4+g.IntN(24*4*6)) * 15 * time.Minute).Format(time.RFC3339)
	case strings.HasPrefix(s.Pattern, "^[0-9a-f]{8}-"):
		return fmt.Sprintf("%08x-6c00-7abc-8def-%012x", g.Uint32(), g.Uint64()>>16)
	case s.Example != nil:
		return fmt.Sprint(s.Example)
	}
	return "x"
}
