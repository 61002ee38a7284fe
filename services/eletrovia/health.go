package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
)

// maxHealth bounds an answer about a server's health, in bytes.
const maxHealth = 1 << 20

// health reads /readyz: a server that is not ready answers too, with what is
// wrong. ready is false then.
func (c *cli) health(ctx context.Context) (h api.Health, ready bool, err error) {
	if _, err := c.client("", ""); err != nil {
		return h, false, err // no address
	}
	trust, err := c.trust()
	if err != nil {
		return h, false, usage(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(c.server, "/")+"/readyz", nil)
	if err != nil {
		return h, false, usage(err)
	}
	httpClient := client.NewHTTP(trust)
	defer httpClient.CloseIdleConnections()
	resp, err := httpClient.Do(req)
	if err != nil {
		return h, false, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxHealth)).Decode(&h); err != nil {
		return h, false, fmt.Errorf("%s/readyz answers %s, and no health that this program knows: %w", c.server, resp.Status, err)
	}
	return h, resp.StatusCode == http.StatusOK, nil
}
