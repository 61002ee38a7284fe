package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/problem"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// ErrOlder says that a company does not answer for vehicles that others ask for: it is
// of an older edition. It has done nothing.
var ErrOlder = errors.New("the company is of an edition that does not answer for vehicles that others ask for")

// Forwarded is a request of the driver API that one company passes on to another for a
// vehicle (docs/adr/0020-every-server-knows-every-trip.md).
type Forwarded struct {
	Vehicle charging.VehicleID
	// Proof shows that the vehicle has asked the caller.
	Proof string
	// Method and Path, escaped and with its query, are the driver API's.
	Method, Path string
	// Header has what goes on: Content-Type, Idempotency-Key, Prefer.
	Header http.Header
	Body   []byte
	// Patience is how long the answer may be waited for, on top of the usual time.
	Patience time.Duration
}

// ForwardedAnswer is what the other company said, its texts tamed.
type ForwardedAnswer struct {
	Status int
	Header http.Header
	// Body is JSON.
	Body []byte
}

// Forward passes a request on. A *charging.Refusal or *trip.Offer is the company's
// answer; ErrOlder that it has none; any other error means that nobody knows.
func (c *Client) Forward(ctx context.Context, f Forwarded) (ForwardedAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout+f.Patience)
	defer cancel()
	resp, err := c.pass(ctx, f)
	if err != nil {
		return ForwardedAnswer{}, err
	}
	defer drain(resp.Body)
	a, err := c.forwarded(resp)
	if err != nil {
		return ForwardedAnswer{}, tamed{fmt.Errorf("%s %s for %s: %w", f.Method, f.Path, f.Vehicle, err)}
	}
	return a, nil
}

// pass sends a request; whoever calls it closes the answer's body.
func (c *Client) pass(ctx context.Context, f Forwarded) (*http.Response, error) {
	k := call{method: f.Method, path: f.Path, header: f.Header.Clone()}
	if k.header == nil {
		k.header = http.Header{}
	}
	k.header.Set(api.VehicleHeader, string(f.Vehicle)+" "+f.Proof)
	req, err := c.request(ctx, k)
	if err != nil {
		return nil, err
	}
	if len(f.Body) > 0 {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(f.Body)), int64(len(f.Body))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, tamed{fmt.Errorf("%s %s for %s: %w", f.Method, f.Path, f.Vehicle, sent(err))}
	}
	if by := resp.Header.Get(api.CompanyHeader); charging.CompanyID(by) != c.peer {
		drain(resp.Body)
		return nil, fmt.Errorf("%s %s: status %d of %.20q: %w", f.Method, f.Path, resp.StatusCode, by, ErrOlder)
	}
	return resp, nil
}

func (c *Client) forwarded(resp *http.Response) (ForwardedAnswer, error) {
	if resp.StatusCode >= 400 {
		return ForwardedAnswer{}, forwardedRefusal(resp)
	}
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || media != "application/json" || resp.StatusCode < 200 || resp.StatusCode > 299 {
		return ForwardedAnswer{}, fmt.Errorf("%w: status %d without JSON", ErrRubbish, resp.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxCatalogue+1))
	if err != nil {
		return ForwardedAnswer{}, fmt.Errorf("reading the answer: %w", err)
	}
	if len(raw) > maxCatalogue {
		return ForwardedAnswer{}, fmt.Errorf("%w: more than %d bytes", ErrRubbish, maxCatalogue)
	}
	if raw, err = api.TameJSON(raw); err != nil {
		return ForwardedAnswer{}, fmt.Errorf("%w: %w", ErrRubbish, err)
	}
	return ForwardedAnswer{Status: resp.StatusCode, Header: resp.Header, Body: raw}, nil
}

// forwardedRefusal is what the company refuses its own trip's driver, with what it
// offers instead.
func forwardedRefusal(resp *http.Response) error {
	p, err := problem.Parse(resp)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRubbish, err)
	}
	if len(p.Alternatives) > 0 {
		if p.Alternatives, err = api.TameJSON(p.Alternatives); err != nil {
			p.Alternatives = nil
		}
	}
	if err := api.ToError(p); err != nil {
		return err
	}
	return fmt.Errorf("%w: status %d: %w", ErrRubbish, resp.StatusCode, p)
}

// quiet is how long a stream may say nothing, not even that it lives.
const quiet = 45 * time.Second

// Follow opens a vehicle's stream of events at another company, after the event with
// the id after (0: from now on). next waits for the next event; its error is io.EOF
// where the company has ended the stream. The stream ends with the context.
func (c *Client) Follow(ctx context.Context, f Forwarded, after uint64) (next func() (trip.Event, error), err error) {
	ctx, cancel := context.WithCancel(ctx)
	silent := time.AfterFunc(c.timeout, cancel)
	f.Method, f.Path, f.Header = http.MethodGet, "/api/v1/events", http.Header{"Accept": {"text/event-stream"}}
	if after > 0 {
		f.Header.Set("Last-Event-Id", strconv.FormatUint(after, 10))
	}
	resp, err := c.pass(ctx, f)
	if err != nil {
		cancel()
		return nil, err
	}
	if err := streaming(resp); err != nil {
		drain(resp.Body)
		cancel()
		return nil, tamed{fmt.Errorf("%s for %s: %w", f.Path, f.Vehicle, err)}
	}
	context.AfterFunc(ctx, func() { _ = resp.Body.Close() })
	lines := bufio.NewScanner(heardFrom{resp.Body, silent})
	lines.Buffer(make([]byte, 0, 4096), maxEvent)
	return func() (trip.Event, error) {
		e, err := nextEvent(lines)
		if err == nil && len(e.Data) > 0 {
			e.Data, err = api.TameJSON(e.Data)
		}
		if err != nil {
			cancel()
		}
		return e, err
	}, nil
}

func streaming(resp *http.Response) error {
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.StatusCode >= 400:
		return forwardedRefusal(resp)
	case resp.StatusCode != http.StatusOK || media != "text/event-stream":
		return fmt.Errorf("%w: status %d without a stream", ErrRubbish, resp.StatusCode)
	}
	return nil
}

// heardFrom puts off the end of a stream as long as something comes.
type heardFrom struct {
	body  io.Reader
	until *time.Timer
}

func (h heardFrom) Read(p []byte) (int, error) {
	n, err := h.body.Read(p)
	if n > 0 {
		h.until.Reset(quiet)
	}
	return n, err
}
