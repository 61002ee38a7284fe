package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/legible"
	"github.com/eletrovia/eletrovia/pkg/problem"
)

// ErrRubbish is wrapped by errors about answers that the protocol does not
// have. It is no refusal: nobody knows what happened.
var ErrRubbish = errors.New("rubbish instead of an answer")

const (
	defaultTimeout = 10 * time.Second
	// maxAnswer bounds an answer, maxCatalogue a page of locations and a company
	// with all that it has revoked.
	maxAnswer    = 1 << 20
	maxCatalogue = 8 << 20
	// maxDrain of what is left of an answer, so that its connection is used again.
	maxDrain = 64 << 10
)

// caller makes calls to one base URL with one authorization.
type caller struct {
	base    string
	auth    func(*http.Request) error
	http    *http.Client
	timeout time.Duration
	// refusal reads the answer to a call that was refused.
	refusal func(*http.Response) error
}

func newCaller(base string, auth func(*http.Request) error, h *http.Client, timeout time.Duration) (caller, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return caller{}, fmt.Errorf("client: %q is no address such as http://127.0.0.1:8081", base)
	}
	if h == nil {
		h = NewHTTP(nil)
	}
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	return caller{base: strings.TrimRight(base, "/"), auth: auth, http: h, timeout: timeout, refusal: refusal}, nil
}

// call is one request and what its answer must be.
type call struct {
	method, path string
	header       http.Header
	body         any // marshalled unless nil
	into         any // unmarshalled from a 2xx with a body, unless nil
	ok           []int
	limit        int64
	// patience is added to the time-out: how long the server was asked to wait.
	patience time.Duration
}

// do makes the call. Its error wraps a *charging.Refusal, ErrRubbish, or what
// went wrong on the way.
func (c caller) do(ctx context.Context, k call) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout+k.patience)
	defer cancel()
	req, err := c.request(ctx, k)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, tamed{fmt.Errorf("%s %s: %w", k.method, k.path, sent(err))}
	}
	defer drain(resp.Body)
	if err := c.read(resp, k); err != nil {
		return resp, tamed{fmt.Errorf("%s %s: %w", k.method, k.path, err)}
	}
	return resp, nil
}

// tamed is an error that may quote what the server said: its text goes into logs,
// trips and terminals, so it is short and legible.
type tamed struct{ error }

// maxTold of such an error, in bytes.
const maxTold = 1200

func (t tamed) Error() string { return legible.Tame(t.error.Error(), maxTold) }

func (t tamed) Unwrap() error { return t.error }

// sent marks an error of a connection that never came about.
func sent(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("%w: %w", charging.ErrNotSent, err)
	}
	return err
}

func (c caller) request(ctx context.Context, k call) (*http.Request, error) {
	var body io.Reader
	if k.body != nil {
		raw, err := json.Marshal(k.body)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", k.method, k.path, err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, c.base+k.path, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", k.method, k.path, err)
	}
	for name, values := range k.header {
		req.Header[name] = values
	}
	if k.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	api.TraceFrom(ctx).Inject(req.Header)
	if c.auth != nil {
		if err := c.auth(req); err != nil {
			return nil, err
		}
	}
	return req, nil
}

// drain empties and closes a body; a connection whose body was not read to its
// end is not used again.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, maxDrain)
	_ = body.Close()
}

func (c caller) read(resp *http.Response, k call) error {
	expected := slices.Contains(k.ok, resp.StatusCode)
	if resp.StatusCode >= 400 && !expected {
		return c.refusal(resp)
	}
	if !expected {
		return fmt.Errorf("%w: status %d", ErrRubbish, resp.StatusCode)
	}
	if k.into == nil || resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified {
		return nil
	}
	if media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return fmt.Errorf("%w: status %d without JSON", ErrRubbish, resp.StatusCode)
	}
	limit := max(k.limit, maxAnswer)
	raw, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if int64(len(raw)) > limit {
		return fmt.Errorf("%w: more than %d bytes", ErrRubbish, limit)
	}
	if err := json.Unmarshal(raw, k.into); err != nil {
		return fmt.Errorf("%w: %w", ErrRubbish, err)
	}
	return nil
}

func refusal(resp *http.Response) error {
	p, err := problem.Parse(resp)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRubbish, err)
	}
	if err := api.ToError(p); err != nil {
		return err
	}
	return fmt.Errorf("%w: status %d: %w", ErrRubbish, resp.StatusCode, p)
}

// foreignRefusal is refusal without what another company offers instead: what
// our drivers are offered, this company has worked out itself.
func foreignRefusal(resp *http.Response) error {
	err := refusal(resp)
	if r := (*charging.Refusal)(nil); errors.As(err, &r) {
		return r
	}
	return err
}
