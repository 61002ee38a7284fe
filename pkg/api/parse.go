package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// maxDepth of nested JSON; no body of the contract needs more than 4.
const maxDepth = 16

// parse reads a body that must be one JSON object. Numbers stay json.Number, so
// that none is rounded before it is judged. A key that is given twice is
// refused: two readers could take different ones.
func parse(body []byte) (map[string]any, error) {
	if len(body) > MaxBody {
		return nil, charging.Refuse(charging.CodeTooLarge, fmt.Sprintf("the body has %d bytes; at most %d", len(body), MaxBody))
	}
	if !utf8.Valid(body) {
		return nil, malformed("the body is not UTF-8")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, malformed("the body is empty; a JSON object is wanted")
	}
	if !json.Valid(body) {
		return nil, malformed(syntax(body))
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	v, err := value(dec, 0)
	if err != nil {
		return nil, err
	}
	obj, ok := v.(map[string]any)
	if !ok {
		return nil, malformed("the body is " + kind(v) + "; a JSON object is wanted")
	}
	return obj, nil
}

// syntax says where a body that is no JSON breaks.
func syntax(body []byte) string {
	var v json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&v); err == nil {
		return fmt.Sprintf("something follows the JSON object at byte %d", dec.InputOffset())
	}
	err := json.Unmarshal(body, &v)
	if se := (*json.SyntaxError)(nil); errors.As(err, &se) {
		return fmt.Sprintf("no JSON at byte %d: %s", se.Offset, se)
	}
	return "no JSON"
}

// value reads one value from a body that json.Valid has accepted.
func value(dec *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, malformed(fmt.Sprintf("nested deeper than %d", maxDepth))
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, malformed(err.Error())
	}
	switch tok {
	case json.Delim('{'):
		return members(dec, depth)
	case json.Delim('['):
		return elements(dec, depth)
	}
	return tok, nil
}

func members(dec *json.Decoder, depth int) (any, error) {
	obj := map[string]any{}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, malformed(err.Error())
		}
		key, ok := tok.(string)
		if !ok {
			return nil, malformed("a key is not a string")
		}
		if _, twice := obj[key]; twice {
			return nil, malformed(fmt.Sprintf("the key %q is given twice", brief(key)))
		}
		if obj[key], err = value(dec, depth+1); err != nil {
			return nil, err
		}
	}
	return obj, closing(dec)
}

func elements(dec *json.Decoder, depth int) (any, error) {
	list := []any{}
	for dec.More() {
		v, err := value(dec, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, closing(dec)
}

func closing(dec *json.Decoder) error {
	if _, err := dec.Token(); err != nil && !errors.Is(err, io.EOF) {
		return malformed(err.Error())
	}
	return nil
}

func malformed(detail string) error {
	return charging.Refuse(charging.CodeMalformedRequest, detail)
}

// kind names a JSON value's type for a person.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "an array"
	}
	return "an object"
}

// brief cuts a stranger's text for an error message.
func brief(s string) string {
	const limit = 64
	if len(s) <= limit {
		return s
	}
	s = s[:limit]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}
