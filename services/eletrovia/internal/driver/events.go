package driver

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

// errStreamEnded says that the server closed a stream of events.
var errStreamEnded = errors.New("the server ended the stream of events")

// Events hands every event of the server's stream to each, until the context
// ends (nil) or the stream does.
func (c *Client) Events(ctx context.Context, each func(trip.Event)) error {
	resp, err := c.open(ctx, call{
		method: http.MethodGet, path: "/api/v1/events",
		header: map[string]string{"Accept": "text/event-stream"},
	})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	err = readEvents(resp.Body, each)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// readEvents parses a text/event-stream (WHATWG HTML §9.2.6): an event ends at
// an empty line, data lines are joined, and what is no event of ours is left out.
func readEvents(r io.Reader, each func(trip.Event)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), 4<<20)
	var name string
	var data []string
	for lines.Scan() {
		line := lines.Text()
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			name = value
		case "data":
			data = append(data, value)
		}
		if line != "" {
			continue
		}
		if len(data) > 0 {
			if e, ok := parseEvent(name, strings.Join(data, "\n")); ok {
				each(e)
			}
		}
		name, data = "", nil
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errStreamEnded
}

// parseEvent takes both forms of data: a whole event, and the bare content with
// the kind in the event's name.
func parseEvent(name, data string) (trip.Event, bool) {
	var e trip.Event
	if err := json.Unmarshal([]byte(data), &e); err == nil && e.Type != "" && len(e.Data) > 0 {
		return e, true
	}
	if name == "" || !json.Valid([]byte(data)) {
		return trip.Event{}, false
	}
	return trip.Event{Type: trip.EventType(name), Data: json.RawMessage(data)}, true
}
