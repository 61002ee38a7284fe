package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// rest calls one company's server, as a vehicle, an operator, a peer or nobody.
type rest struct {
	base, user, secret string
	token              string            // of a peer
	head               map[string]string // further headers
}

// with is r with a further header.
func (r rest) with(name, value string) rest {
	head := map[string]string{name: value}
	for k, v := range r.head {
		head[k] = v
	}
	r.head = head
	return r
}

func (r rest) get(ctx context.Context, path string, into any) (int, error) {
	return r.call(ctx, http.MethodGet, path, nil, into)
}

// call makes a request. A status of 400 or more is an error that says it all.
func (r rest) call(ctx context.Context, method, path string, body, into any) (int, error) {
	raw, ok := body.(json.RawMessage)
	if !ok && body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return 0, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(raw))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if r.user != "" {
		req.SetBasicAuth(r.user, r.secret)
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	for k, v := range r.head {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, err
	}
	if resp.StatusCode >= 400 {
		return resp.StatusCode, fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, said)
	}
	if into == nil || len(said) == 0 {
		return resp.StatusCode, nil
	}
	return resp.StatusCode, json.Unmarshal(said, into)
}

// must is call for what has to succeed.
func (r rest) must(ctx context.Context, method, path string, body, into any) {
	_, err := r.call(ctx, method, path, body, into)
	check(err)
}
