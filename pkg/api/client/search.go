package client

import (
	"context"
	"iter"
	"net/url"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/trip"
)

// AllTrips reads every trip that a query wants, newest first, page by page by cursor:
// none is repeated or missed while trips are added. Limit is of a page; it ends after the
// first error.
func (d *Driver) AllTrips(ctx context.Context, q trip.Query) iter.Seq2[trip.Trip, error] {
	return func(yield func(trip.Trip, error) bool) {
		v := valuesOf(q)
		v.Set("cursor", q.After)
		for {
			trips, h, err := get[[]trip.Trip](ctx, d, driverTrips+"?"+v.Encode())
			if err != nil {
				yield(trip.Trip{}, err)
				return
			}
			for _, t := range trips {
				if !yield(t, nil) {
					return
				}
			}
			next := nextCursor(h.Get("Link"))
			if next == "" {
				return
			}
			v.Set("cursor", next)
		}
	}
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
