package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

var _ charging.Witness = (*Client)(nil)

// Promises implements charging.Witness. The company that they are at is who we
// are to the peer; a promise at another's EVSE is rubbish.
func (c *Client) Promises(ctx context.Context, at charging.CompanyID, after string) ([]charging.Promise, string, error) {
	path := federation + "/promises"
	if after != "" {
		path += "?after=" + url.QueryEscape(after)
	}
	var answer []api.Promise
	resp, err := c.do(ctx, call{method: http.MethodGet, path: path, into: &answer, ok: []int{http.StatusOK}, limit: maxCatalogue})
	if err != nil {
		return nil, "", err
	}
	page := make([]charging.Promise, 0, len(answer))
	for _, a := range answer {
		if err := trustworthy(a, at); err != nil {
			return nil, "", err
		}
		page = append(page, a.Charging(c.peer))
	}
	next := following(resp.Header)
	if next != "" && next == after {
		return nil, "", fmt.Errorf("%w: the page after %.40q is the same page", ErrRubbish, after)
	}
	return page, next, nil
}

func trustworthy(p api.Promise, at charging.CompanyID) error {
	for _, err := range []error{p.TripID.Validate(), p.ReservationID.Validate(), p.EVSEID.Validate(), p.VehicleID.Validate()} {
		if err != nil {
			return fmt.Errorf("%w: a promise: %w", ErrRubbish, err)
		}
	}
	switch {
	case p.EVSEID.Company() != at:
		return fmt.Errorf("%w: a promise at %s, which is not of %s", ErrRubbish, p.EVSEID, at)
	case !p.End.After(p.Start) || p.End.Sub(p.Start) > charging.MaxWindow || p.Leg < 1 || p.Fence < 0 || p.Epoch < 0 || len(p.Owner) > 128 || !plain(p.Owner):
		return fmt.Errorf("%w: promise %s cannot be true", ErrRubbish, p.ReservationID)
	case p.Outcome != charging.OutcomeConfirmed && p.Outcome != charging.OutcomePending:
		return fmt.Errorf("%w: promise %s with outcome %.20q", ErrRubbish, p.ReservationID, string(p.Outcome))
	}
	return nil
}

// following is the cursor in the Link header's next, or empty.
func following(h http.Header) string {
	for _, line := range h.Values("Link") {
		for link := range strings.SplitSeq(line, ",") {
			target, rel, _ := strings.Cut(strings.TrimSpace(link), ">")
			u, err := url.Parse(strings.TrimPrefix(target, "<"))
			if err == nil && strings.Contains(rel, `rel="next"`) {
				return u.Query().Get("after")
			}
		}
	}
	return ""
}

// Recovery tells whether the company's store is trusted; for its operator.
func (d *Driver) Recovery(ctx context.Context) (api.Recovery, error) {
	return send[api.Recovery](ctx, d, http.MethodGet, "/api/v1/recovery", nil, nil, 0)
}

// Inventory tells what the company offers, and what has moved or left under
// bookings; for its operator.
func (d *Driver) Inventory(ctx context.Context) (api.Inventory, error) {
	return send[api.Inventory](ctx, d, http.MethodGet, "/api/v1/inventory", nil, nil, 0)
}

// ReloadInventory has the inventory's file read anew; for its operator.
func (d *Driver) ReloadInventory(ctx context.Context) (api.Inventory, error) {
	return send[api.Inventory](ctx, d, http.MethodPost, "/api/v1/inventory/reload", nil, nil, 0)
}

// AcceptLoss opens a store that has lost its memory; for its operator.
func (d *Driver) AcceptLoss(ctx context.Context, q api.AcceptRequest) (api.Recovery, error) {
	return send[api.Recovery](ctx, d, http.MethodPost, "/api/v1/recovery/accept", q, nil, 0)
}
