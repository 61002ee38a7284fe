package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// AllTrips reads every trip that a query wants, newest first, page by page by cursor:
// none is repeated or missed while trips are added. Limit is of a page; it ends after the
// first error.
func (d *Driver) AllTrips(ctx context.Context, q trip.Query) iter.Seq2[trip.Trip, error] {
	return func(yield func(trip.Trip, error) bool) {
		for page, err := range d.TripPages(ctx, q) {
			if err != nil {
				yield(trip.Trip{}, err)
				return
			}
			for _, t := range page.Trips {
				if !yield(t, nil) {
					return
				}
			}
		}
	}
}

// TripPage is a part of a list of trips.
type TripPage struct {
	Trips []trip.Trip
	// Total is how many there are in all; of a page by cursor, or where somebody was
	// silent, how many are in this one.
	Total int
	// Silent are the companies whose trips are missing, because they did not answer.
	Silent []charging.CompanyID
}

// TripPages is AllTrips by pages, which say whose trips are missing.
func (d *Driver) TripPages(ctx context.Context, q trip.Query) iter.Seq2[TripPage, error] {
	return func(yield func(TripPage, error) bool) {
		v := valuesOf(q)
		v.Set("cursor", q.After)
		for {
			page, h, err := d.tripPage(ctx, v)
			if !yield(page, err) || err != nil {
				return
			}
			next := nextCursor(h.Get("Link"))
			if next == "" {
				return
			}
			v.Set("cursor", next)
		}
	}
}

// TripPage reads one page of trips, newest first.
func (d *Driver) TripPage(ctx context.Context, q trip.Query) (TripPage, error) {
	page, _, err := d.tripPage(ctx, valuesOf(q))
	return page, err
}

func (d *Driver) tripPage(ctx context.Context, v url.Values) (page TripPage, h http.Header, err error) {
	path := driverTrips
	if len(v) > 0 {
		path += "?" + v.Encode()
	}
	if page.Trips, h, err = get[[]trip.Trip](ctx, d, path); err != nil {
		return page, h, err
	}
	total, err := strconv.Atoi(h.Get("X-Total-Count"))
	if err != nil {
		total = len(page.Trips)
	}
	page.Total = total
	for name := range strings.SplitSeq(h.Get(api.SilentHeader), ",") {
		if id := charging.CompanyID(strings.TrimSpace(name)); id.Validate() == nil {
			page.Silent = append(page.Silent, id)
		}
	}
	return page, h, nil
}

// nextCursor is the cursor in the rel="next" of a Link header (RFC 8288).
func nextCursor(link string) string {
	for one := range strings.SplitSeq(link, ", ") {
		target, rel, _ := strings.Cut(one, ">; ")
		if u, err := url.Parse(strings.TrimPrefix(target, "<")); err == nil && rel == `rel="next"` {
			return u.Query().Get("cursor")
		}
	}
	return ""
}

func valuesOf(q trip.Query) url.Values {
	v := page(q.Limit, q.Offset)
	for name, value := range map[string]string{
		"state": string(q.State), "vehicle_id": string(q.VehicleID), "evse_id": string(q.EVSEID), "company_id": string(q.CompanyID),
		"trouble": string(q.Trouble), "id": q.Part, "from": bound(q.From), "to": bound(q.To),
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.Stuck {
		v.Set("stuck", "true")
	}
	return v
}

func bound(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
