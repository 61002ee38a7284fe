package serving

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// maxHealth bounds an answer about a server's health, in bytes.
const maxHealth = 1 << 20

// health reads /readyz for a use (book, drive, peers; empty: book, and all parts are
// shown): a server that is not ready answers too, with what is wrong. ready is false
// then.
func (c commands) health(ctx context.Context, use string) (h api.Health, ready bool, err error) {
	if _, err := c.Client("", ""); err != nil {
		return h, false, err // no address
	}
	trust, err := c.Trust()
	if err != nil {
		return h, false, terminal.Usage(err)
	}
	address := strings.TrimRight(c.Server, "/") + "/readyz"
	if use != "" {
		address += "?for=" + url.QueryEscape(use)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return h, false, terminal.Usage(err)
	}
	httpClient := client.NewHTTP(trust)
	defer httpClient.CloseIdleConnections()
	resp, err := httpClient.Do(req)
	if err != nil {
		return h, false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusUnprocessableEntity {
		return h, false, terminal.Usage(fmt.Errorf("%s knows no readiness for %q: ask for book, drive or peers", c.Server, use))
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxHealth)).Decode(&h); err != nil {
		return h, false, fmt.Errorf("%s answers %s, and no health that this program knows: %w", address, resp.Status, err)
	}
	return h, resp.StatusCode == http.StatusOK, nil
}
