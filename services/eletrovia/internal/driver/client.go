// Package driver is a small client of one server's driver and operator API, as
// a person at a terminal needs it. A refusal of the server comes back as a
// problem.Problem, anything else means that no answer came.
package driver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/problem"
)

// maxAnswer bounds what one answer may weigh, in bytes.
const maxAnswer = 64 << 20

// Client asks one server. Its methods may be called at the same time.
type Client struct {
	base   string
	user   string
	secret string
	http   *http.Client
}

// New makes a client of the server at base ("http://127.0.0.1:8081") that shows
// the identity user:secret; an empty user shows none. A nil transport is a
// fresh default one.
func New(base, user, secret string, transport http.RoundTripper) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("server %q: want http://host:port or https://host:port", base)
	}
	if transport == nil {
		transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	return &Client{
		base: strings.TrimRight(base, "/"), user: user, secret: secret,
		http: &http.Client{Transport: transport},
	}, nil
}

// Base is the server's address.
func (c *Client) Base() string { return c.base }

// As is the same server under another identity.
func (c *Client) As(user, secret string) *Client {
	other := *c
	other.user, other.secret = user, secret
	return &other
}

// call is one request; header and into may be nil.
type call struct {
	method, path string
	header       map[string]string
	body         any
	into         any
}

// do makes the call and reads its JSON answer into call.into.
func (c *Client) do(ctx context.Context, k call) (http.Header, error) {
	resp, err := c.open(ctx, k)
	if err != nil {
		return nil, err
	}
	defer func() {
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
		_ = resp.Body.Close()
	}()
	if k.into == nil {
		return resp.Header, nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(k.into); err != nil {
		return nil, fmt.Errorf("%s %s: the answer is no JSON that this program knows: %w", k.method, k.path, err)
	}
	return resp.Header, nil
}

// open makes the call and gives back the open answer of a success; a refusal is
// a problem.Problem.
func (c *Client) open(ctx context.Context, k call) (*http.Response, error) {
	req, err := c.request(ctx, k)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if resp.StatusCode < 400 {
		return resp, nil
	}
	defer resp.Body.Close()
	p, err := problem.Parse(resp)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", k.method, k.path, err)
	}
	return nil, p
}

func (c *Client) request(ctx context.Context, k call) (*http.Request, error) {
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
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.user != "" {
		req.SetBasicAuth(c.user, c.secret)
	}
	for name, value := range k.header {
		req.Header.Set(name, value)
	}
	return req, nil
}

// unreachable says what to do when no answer came.
func (c *Client) unreachable(err error) error {
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("no answer from %s (%w): is it running? Start one with: eletrovia demo, or name another with --server", c.base, err)
}

// seconds is a duration for a Prefer header, at least 1.
func seconds(d time.Duration) int { return max(1, int(d/time.Second)) }
