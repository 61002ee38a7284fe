package inventory

import (
	"fmt"
	"math"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/legible"
)

// checker collects the problems of one file.
type checker struct {
	file     string
	problems Problems
	seen     map[string]int // kind and id → line of its first use
}

// maxProblems ends the list for a file that is wrong throughout.
const maxProblems = 200

func (c *checker) add(line int, format string, args ...any) {
	if len(c.problems) < maxProblems {
		reason := strings.ToValidUTF8(fmt.Sprintf(format, args...), "?")
		c.problems = append(c.problems, Problem{c.file, line, strings.ReplaceAll(reason, "\n", " ")})
	}
}

// record is one mapping with its fields.
type record struct {
	c    *checker
	what string
	at   int
	by   map[string]ast.Node
}

// fields reads a mapping and reports the fields that are not allowed, come twice, or
// are missing; those named with a question mark may be. ok is false where it is no
// mapping at all.
func (c *checker) fields(n ast.Node, what string, names ...string) (record, bool) {
	allowed := make([]string, len(names))
	for i, name := range names {
		allowed[i] = strings.TrimSuffix(name, "?")
	}
	r := record{c: c, what: what, at: lineOf(n), by: map[string]ast.Node{}}
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		c.add(r.at, "%s is %s; want the fields %s", what, kind(n), strings.Join(allowed, ", "))
		return r, false
	}
	for i, v := range values {
		key := v.Key.String()
		if s, ok := v.Key.(*ast.StringNode); ok {
			key = s.Value
		}
		line := lineOf(v.Key)
		if i == 0 {
			r.at = line
		}
		switch _, twice := r.by[key]; {
		case !contains(allowed, key):
			c.add(line, "%s has an unknown field %q; it has %s", what, short(key), strings.Join(allowed, ", "))
		case twice:
			c.add(line, "%s has the field %s twice", what, key)
		default:
			r.by[key] = v.Value
		}
	}
	for i, name := range allowed {
		if _, ok := r.by[name]; !ok && names[i] == name {
			c.add(r.at, "%s has no %s", what, name)
		}
	}
	return r, true
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// node is a field's value; nil where it is missing, which has been reported.
func (r record) node(name string) ast.Node { return r.by[name] }

func (r record) line(name string) int {
	if n := r.by[name]; n != nil {
		return lineOf(n)
	}
	return r.at
}

// text is a field that must be a string that says something.
func (r record) text(name string) string {
	n := r.by[name]
	if n == nil {
		return ""
	}
	s, ok := n.(*ast.StringNode)
	if !ok {
		r.c.add(lineOf(n), "%s of %s is %s; want text", name, r.what, kind(n))
		return ""
	}
	if strings.TrimSpace(s.Value) == "" {
		r.c.add(lineOf(n), "%s of %s is empty", name, r.what)
		return ""
	}
	if err := legible.Check(s.Value, api.MaxName); err != nil {
		r.c.add(lineOf(n), "%s of %s %v", name, r.what, err)
		return ""
	}
	return s.Value
}

// number is a field that must be a number between two bounds, both included.
func (r record) number(name string, low, high float64) float64 {
	n := r.by[name]
	if n == nil {
		return 0
	}
	var v float64
	switch s := n.(type) {
	case *ast.IntegerNode:
		switch i := s.Value.(type) {
		case int64:
			v = float64(i)
		case uint64:
			v = float64(i)
		default:
			v = math.NaN()
		}
	case *ast.FloatNode:
		v = s.Value
	default:
		r.c.add(lineOf(n), "%s of %s is %s; want a number", name, r.what, kind(n))
		return 0
	}
	if !(v >= low && v <= high) {
		r.c.add(lineOf(n), "%s of %s is %v; want %v to %v", name, r.what, v, low, high)
		return 0
	}
	return v
}

// list is a field that must be a list with at least one entry.
func (r record) list(name string) []ast.Node {
	n := r.by[name]
	if n == nil {
		return nil
	}
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.c.add(lineOf(n), "%s of %s is %s; want a list", name, r.what, kind(n))
		return nil
	}
	if len(s.Values) == 0 {
		r.c.add(lineOf(n), "%s of %s is empty", name, r.what)
	}
	return s.Values
}

// lineOf is where a node stands, counted from 1.
func lineOf(n ast.Node) int {
	if n == nil {
		return 1
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 1
}

func kind(n ast.Node) string {
	switch n.(type) {
	case nil, *ast.NullNode:
		return "empty"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a group of fields"
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return "an anchor, alias or tag, which this file may not use"
	}
	return "of another kind"
}

// EVSEs counts the EVSEs of an inventory.
func (inv Inventory) EVSEs() int {
	n := 0
	for _, l := range inv.Locations {
		n += len(l.EVSEs)
	}
	return n
}

// Location finds the site of an EVSE of this company.
func (inv Inventory) Location(id charging.EVSEID) (charging.Location, charging.EVSE, bool) {
	for _, l := range inv.Locations {
		for _, e := range l.EVSEs {
			if e.ID == id {
				return l, e, true
			}
		}
	}
	return charging.Location{}, charging.EVSE{}, false
}
