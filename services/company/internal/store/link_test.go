package store

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// TestScriptsHaveWhatTheyUse: a script that is linked with too little, or with something out
// of its reach, meets an unknown global, perhaps in a case that is rare. A compiler says so.
func TestScriptsHaveWhatTheyUse(t *testing.T) {
	given := map[string]bool{}
	for _, n := range strings.Fields("KEYS ARGV redis cjson string table math tonumber tostring ipairs pairs unpack select next type") {
		given[n] = true
	}
	for _, text := range texts {
		for _, n := range globals(t, text) {
			if !given[n] {
				_, head, _ := strings.Cut(text, "-- KEYS")
				t.Errorf("a script uses %s, and is linked without it: %.60s", n, head)
			}
		}
	}
}

// globals lists the names that a script reads and nothing in its reach declares.
func globals(t *testing.T, text string) (names []string) {
	t.Helper()
	chunk, err := parse.Parse(strings.NewReader(text), "")
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	compiled, err := lua.Compile(chunk, "")
	if err != nil {
		t.Fatal(err)
	}
	var walk func(p *lua.FunctionProto)
	walk = func(p *lua.FunctionProto) {
		for _, code := range p.Code {
			// The operation is in the upper six bits, the constant in the lower eighteen.
			if op := int(code >> 26); op == lua.OP_GETGLOBAL || op == lua.OP_SETGLOBAL {
				names = append(names, p.Constants[code&0x3ffff].String())
			}
		}
		for _, inner := range p.FunctionPrototypes {
			walk(inner)
		}
	}
	walk(compiled)
	return names
}

func TestGlobals(t *testing.T) {
	got := globals(t, "local a = 1\nlocal function f() local b = a return b, c end\nlocal function g() d = f(b) end\nreturn g()")
	if strings.Join(got, " ") != "c b d" {
		t.Errorf("%q", got)
	}
}

func TestLink(t *testing.T) {
	const library = "-- a library\nlocal A, B = 1, 2\n-- one needs A, not C\nlocal function one() return A, 'C' end\n\n" +
		"local C = 3\nlocal function two()\n  return one()\nend\nlocal function three() return C end\n" +
		"-- four\nlocal function four(x) -- once or never\n  return three(), two()\nend\n"
	const a = "local A, B = 1, 2\n-- one needs A, not C\n"
	const one = "local function one() return A, 'C' end\n"
	const two = "local function two()\n  return one()\nend\n"
	const three = "local C = 3\nlocal function three() return C end\n"
	for script, want := range map[string]string{
		"return B -- not three\n":              a + "return B -- not three\n",
		"return two()\n":                       a + one + two + "return two()\n",
		"local t = { C = 1 } return t.three\n": "local t = { C = 1 } return t.three\n",
		"return one(), four(1)\n": a + one +
			"local function four(x) -- once or never\nlocal C = 3\n" + two + "local function three() return C end\n  return three(), two()\nend\nreturn one(), four(1)\n",
		"local function no() return C end\nlocal b = B\nlocal function yes()\n  return b\nend\nreturn yes()\n": a +
			"local b = B\nlocal function yes()\n  return b\nend\nreturn yes()\n",
		"local function mine() return C end\nlocal function may(x) -- once or never\n  return mine()\nend\nif x then may(x) end\nreturn three()\n": three[:12] +
			"local function three() return C end\nlocal function may(x) -- once or never\nlocal function mine() return C end\n  return mine()\nend\nif x then may(x) end\nreturn three()\n",
	} {
		if got := link(library, script); got != want {
			t.Errorf("%q is linked as\n%s\nnot\n%s", script, got, want)
		}
	}
}
