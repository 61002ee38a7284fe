package client

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// maxEvent bounds one event of a stream.
const maxEvent = 1 << 20

// EventReset is the event that says that some were missed: take a snapshot.
const EventReset trip.EventType = "reset"

// Events reads the live stream after the event lastID (0: from now on) until
// the context ends or the connection breaks. The last pair carries the error,
// io.EOF where the server ended the stream; resume with the last event's ID.
func (d *Driver) Events(ctx context.Context, lastID uint64) iter.Seq2[trip.Event, error] {
	return d.Live(ctx, lastID, Choice{})
}

// Choice of events of a stream. The zero value is trips, reservations, cars and peers, as
// they happen; with another the stream begins with a snapshot (api.Snapshot).
type Choice struct {
	Types []trip.EventType
	// Boxes are where cars are wanted.
	Boxes []geo.Box
}

func (c Choice) query() string {
	v := url.Values{}
	var types []string
	for _, t := range c.Types {
		types = append(types, string(t))
	}
	if types != nil {
		v.Set("types", strings.Join(types, ","))
	}
	for _, b := range c.Boxes {
		v.Add("bbox", b.String())
	}
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

// Live is Events of what one chooses.
func (d *Driver) Live(ctx context.Context, lastID uint64, c Choice) iter.Seq2[trip.Event, error] {
	return func(yield func(trip.Event, error) bool) {
		resp, err := d.stream(ctx, lastID, c)
		if err != nil {
			yield(trip.Event{}, err)
			return
		}
		defer func() { _ = resp.Body.Close() }()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(make([]byte, 0, 4096), maxEvent)
		for {
			e, err := nextEvent(lines)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func (d *Driver) stream(ctx context.Context, lastID uint64, c Choice) (*http.Response, error) {
	k := call{method: http.MethodGet, path: "/api/v1/events" + c.query(), header: http.Header{"Accept": {"text/event-stream"}}}
	if lastID > 0 {
		k.header.Set("Last-Event-ID", strconv.FormatUint(lastID, 10))
	}
	req, err := d.request(ctx, k)
	if err != nil {
		return nil, err
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", k.path, err)
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.StatusCode >= 400:
		err = refusal(resp)
	case resp.StatusCode != http.StatusOK || media != "text/event-stream":
		err = fmt.Errorf("%w: status %d without a stream", ErrRubbish, resp.StatusCode)
	default:
		return resp, nil
	}
	drain(resp.Body)
	return nil, fmt.Errorf("GET %s: %w", k.path, err)
}

// nextEvent reads up to the blank line that ends an event; heartbeats, which
// are comments, are skipped.
func nextEvent(lines *bufio.Scanner) (trip.Event, error) {
	var kind string
	var data strings.Builder
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "event":
			kind = value
		case "data":
			if data.Len()+len(value) > maxEvent {
				return trip.Event{}, fmt.Errorf("%w: an event of more than %d bytes", ErrRubbish, maxEvent)
			}
			data.WriteString(value)
		}
		if lines.Text() == "" && data.Len() > 0 {
			e := trip.Event{Type: trip.EventType(kind)}
			if err := json.Unmarshal([]byte(data.String()), &e); err != nil {
				return e, fmt.Errorf("%w: %w", ErrRubbish, err)
			}
			return e, nil
		}
	}
	if err := lines.Err(); err != nil {
		return trip.Event{}, err
	}
	return trip.Event{}, io.EOF
}
