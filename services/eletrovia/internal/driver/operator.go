package driver

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// pageSize is how many rows one request asks for; the contract allows 500.
const pageSize = 500

// Locations reads every location of the federation that the server knows.
func (c *Client) Locations(ctx context.Context) ([]api.Location, error) {
	var all []api.Location
	for {
		var page []api.Location
		path := fmt.Sprintf("/api/v1/locations?limit=%d&offset=%d", pageSize, len(all))
		h, err := c.do(ctx, call{method: http.MethodGet, path: path, into: &page})
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		total, err := strconv.Atoi(h.Get("X-Total-Count"))
		if err != nil || len(page) == 0 || len(all) >= total {
			return all, nil
		}
	}
}

// Locks lists the holds in force at the server's company; operators only.
func (c *Client) Locks(ctx context.Context) ([]charging.Lock, error) {
	var out []charging.Lock
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/api/v1/locks?limit=500", into: &out})
	return out, err
}

// Peers tells how the server's company sees the others; operators only.
func (c *Client) Peers(ctx context.Context) ([]api.Peer, error) {
	var out []api.Peer
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/api/v1/peers", into: &out})
	return out, err
}

// Ready asks whether the server can do its work: its store, broker and journal.
// A server that cannot answers a problem or 503.
func (c *Client) Ready(ctx context.Context) error {
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/readyz"})
	return err
}
