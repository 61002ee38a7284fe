package client

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	pageSize = 500
	// maxLocations and maxEVSEs bound one company's catalogue.
	maxLocations = 20_000
	maxEVSEs     = 1000
)

// Company tells who the other company is, with its keys and its store's time.
func (c *Client) Company(ctx context.Context) (api.CompanyInfo, error) {
	var info api.CompanyInfo
	_, err := c.do(ctx, call{method: http.MethodGet, path: federation + "/company", into: &info, ok: []int{http.StatusOK}, limit: maxCatalogue})
	if err != nil {
		return api.CompanyInfo{}, err
	}
	if info.CompanyID.Validate() != nil || c.peer != "" && info.CompanyID != c.peer {
		return api.CompanyInfo{}, fmt.Errorf("%w: %s says that it is %.20q, not %s", ErrRubbish, c.base, string(info.CompanyID), c.peer)
	}
	return info, nil
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
// the caller has, or empty.
func (c *Client) Locations(ctx context.Context, etag string) (Catalogue, error) {
	var all Catalogue
	for offset := 0; offset < maxLocations; offset += pageSize {
		var page []api.Location
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
		if all.Locations, err = c.adopt(all.Locations, page); err != nil {
			return Catalogue{}, err
		}
		total, err := strconv.Atoi(resp.Header.Get("X-Total-Count"))
		if len(page) < pageSize || err == nil && len(all.Locations) >= total {
			break
		}
	}
	return all, nil
}

// adopt adds a page after checking that its locations can be true.
func (c *Client) adopt(to []charging.Location, page []api.Location) ([]charging.Location, error) {
	for _, l := range page {
		if err := c.credible(l); err != nil {
			return nil, err
		}
		to = append(to, l.Charging())
	}
	return to, nil
}

func (c *Client) credible(l api.Location) error {
	id := fmt.Sprintf("%.40q", string(l.LocationID))
	switch {
	case l.LocationID.Validate() != nil:
		return fmt.Errorf("%w: location id %s", ErrRubbish, id)
	case c.peer != "" && l.LocationID.Company() != c.peer:
		return fmt.Errorf("%w: location %s is not of %s", ErrRubbish, id, c.peer)
	case !(math.Abs(l.Lat) <= 90 && math.Abs(l.Lon) <= 180):
		return fmt.Errorf("%w: location %s at %v, %v", ErrRubbish, id, l.Lat, l.Lon)
	case len(l.EVSEs) > maxEVSEs:
		return fmt.Errorf("%w: location %s has %d EVSEs", ErrRubbish, id, len(l.EVSEs))
	}
	for _, e := range l.EVSEs {
		if e.EVSEID.Validate() != nil || e.EVSEID.Company() != l.LocationID.Company() {
			return fmt.Errorf("%w: EVSE %.40q of location %s", ErrRubbish, string(e.EVSEID), id)
		}
		for _, p := range e.Connectors {
			if p.PowerKW < 0 || p.PowerKW > 2000 {
				return fmt.Errorf("%w: a connector of %s has %v kW", ErrRubbish, e.EVSEID, p.PowerKW)
			}
		}
	}
	for _, t := range l.Tariffs {
		if t.PerKWh < 0 || t.PerSession < 0 || t.IdlePerMinute < 0 || t.IdleGraceMinutes < 0 {
			return fmt.Errorf("%w: tariff %.40q of location %s is negative", ErrRubbish, t.ID, id)
		}
	}
	return nil
}

// Availability asks for the free windows of EVSEs of the other company.
func (c *Client) Availability(ctx context.Context, evses []charging.EVSEID, w charging.Window) ([]charging.Free, error) {
	asked := make(map[charging.EVSEID]bool, len(evses))
	for _, e := range evses {
		asked[e] = true
	}
	var answer []api.Availability
	_, err := c.do(ctx, call{
		method: http.MethodPost, path: federation + "/availability", into: &answer, ok: []int{http.StatusOK}, limit: maxCatalogue,
		body: api.AvailabilityRequest{EVSEIDs: evses, From: w.Start.UTC(), To: w.End.UTC()},
	})
	if err != nil {
		return nil, err
	}
	free := api.FreeOf(answer)
	for _, f := range free {
		if !asked[f.EVSEID] {
			return nil, fmt.Errorf("%w: availability of %.40q, which was not asked for", ErrRubbish, string(f.EVSEID))
		}
		for _, x := range f.Windows {
			if !x.End.After(x.Start) || !x.Overlaps(w) {
				return nil, fmt.Errorf("%w: %s is said to be free in %s", ErrRubbish, f.EVSEID, x)
			}
		}
	}
	return free, nil
}
