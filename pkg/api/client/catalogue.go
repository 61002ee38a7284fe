package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

const pageSize = 500

// Company tells who the other company is, with its keys and its store's time.
// What cannot be true or shown is left out and reported (Options.Dropped).
func (c *Client) Company(ctx context.Context) (api.CompanyInfo, error) {
	var info api.CompanyInfo
	_, err := c.do(ctx, call{method: http.MethodGet, path: federation + "/company", into: &info, ok: []int{http.StatusOK}, limit: maxCatalogue})
	if err != nil {
		return api.CompanyInfo{}, err
	}
	if info.CompanyID.Validate() != nil || c.peer != "" && info.CompanyID != c.peer {
		return api.CompanyInfo{}, fmt.Errorf("%w: %s says that it is %.20q, not %s", ErrRubbish, c.base, string(info.CompanyID), c.peer)
	}
	return c.border().Company(info), nil
}

// Catalogue is all locations of a company, in one version.
type Catalogue struct {
	Locations []charging.Location
	ETag      string
	// NotModified is true when the version is the one that the caller has;
	// Locations is then empty.
	NotModified bool
}

// Locations reads the whole catalogue, page by page. etag is the version that
// the caller has, or empty. Records that cannot be true or shown are left out,
// each alone, and reported (Options.Dropped).
func (c *Client) Locations(ctx context.Context, etag string) (Catalogue, error) {
	var all Catalogue
	border := c.border()
	for offset := 0; offset < api.MaxLocations; offset += pageSize {
		var page []json.RawMessage
		k := call{
			method: http.MethodGet, path: fmt.Sprintf("%s/locations?limit=%d&offset=%d", federation, pageSize, offset),
			into: &page, ok: []int{http.StatusOK}, limit: maxCatalogue, header: http.Header{},
		}
		if offset == 0 && etag != "" {
			k.header.Set("If-None-Match", etag)
			k.ok = append(k.ok, http.StatusNotModified)
		}
		resp, err := c.do(ctx, k)
		if err != nil {
			return Catalogue{}, err
		}
		if resp.StatusCode == http.StatusNotModified {
			return Catalogue{ETag: etag, NotModified: true}, nil
		}
		version := resp.Header.Get("ETag")
		if offset > 0 && version != all.ETag {
			return Catalogue{}, fmt.Errorf("the catalogue of %s changed while it was read; read it again", c.base)
		}
		all.ETag = version
		all.Locations = append(all.Locations, border.Locations(page)...)
		total, err := strconv.Atoi(resp.Header.Get("X-Total-Count"))
		if len(page) < pageSize || err == nil && border.Seen() >= total {
			break
		}
	}
	return all, nil
}

// Availability asks for the free windows of EVSEs of the other company. An EVSE
// about which it says what cannot be is left out, and reported (Options.Dropped).
func (c *Client) Availability(ctx context.Context, evses []charging.EVSEID, w charging.Window) ([]charging.Free, error) {
	var answer []json.RawMessage
	_, err := c.do(ctx, call{
		method: http.MethodPost, path: federation + "/availability", into: &answer, ok: []int{http.StatusOK}, limit: maxCatalogue,
		body: api.AvailabilityRequest{EVSEIDs: evses, From: w.Start.UTC(), To: w.End.UTC()},
	})
	if err != nil {
		return nil, err
	}
	return c.border().Availability(answer, evses, w), nil
}
