package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// events judges each whole event of a stream; its end may be cut.
func (s *Spec) events(stream []byte) error {
	for {
		event, rest, whole := bytes.Cut(stream, []byte("\n\n"))
		if !whole {
			return nil
		}
		if err := s.event(string(event)); err != nil {
			return fmt.Errorf("event %.300q: %w", event, err)
		}
		stream = rest
	}
}

// event judges one: its fields, and that its name and id are those of its data.
func (s *Spec) event(text string) error {
	var name, id, data string
	for line := range strings.Lines(text) {
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			name = value
		case "id":
			id = value
		case "data":
			data += value
		case "retry", "": // a comment has no name
		default:
			return fmt.Errorf("a field %q", field)
		}
	}
	if name == "" && data == "" && id == "" {
		return nil
	}
	var head struct {
		ID   uint64
		Type string
	}
	if err := json.Unmarshal([]byte(data), &head); err != nil {
		return err
	}
	if head.Type != name || id != "" && id != strconv.FormatUint(head.ID, 10) {
		return fmt.Errorf("it is announced as %q with id %q, and is %q with %d", name, id, head.Type, head.ID)
	}
	return judged(s.doc.Components.Schemas["Event"], []byte(data))
}
