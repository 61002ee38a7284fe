package elsewhere

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// Item is one trip of a list, as its company has sent it.
type Item struct {
	ID      charging.TripID
	Created time.Time
	Raw     json.RawMessage
}

// Part is one company's page of a list.
type Part struct {
	Items []Item
	// Total is how many there are there in all; 0 in pages by cursor. More is true where
	// something follows the page.
	Total int
	More  bool
}

// List asks companies at once, each for the page of a vehicle's trips that pages has for
// it. Who does not answer is not in the result. It refuses what a company refuses of
// the query, and RATE_LIMITED.
func (t *Trips) List(ctx context.Context, who identity.Caller, pages map[charging.CompanyID]url.Values) (map[charging.CompanyID]Part, error) {
	leave, err := t.enter(who.Vehicle)
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, t.o.SearchTime)
	defer cancel()
	var (
		mu      sync.Mutex
		parts   = map[charging.CompanyID]Part{}
		refused error
		asks    sync.WaitGroup
	)
	for company, query := range pages {
		asks.Go(func() {
			p, err := t.part(ctx, who, company, query)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				parts[company] = p
			case charging.CodeOf(err) == charging.CodeInvalidField || charging.CodeOf(err) == charging.CodeRateLimited:
				refused = err
			}
		})
	}
	asks.Wait()
	return parts, refused
}

// part reads one company's page: of the vehicle's trips, and of that company's. One that
// tells of others' has not answered.
func (t *Trips) part(ctx context.Context, who identity.Caller, company charging.CompanyID, query url.Values) (Part, error) {
	a, err := t.forward(ctx, who, company, Request{Method: http.MethodGet, Path: "/api/v1/trips?" + query.Encode()})
	if err != nil {
		return Part{}, err
	}
	var raws []json.RawMessage
	p := Part{More: strings.Contains(a.Header.Get("Link"), `; rel="next"`)}
	if !query.Has("cursor") {
		p.Total, err = strconv.Atoi(a.Header.Get("X-Total-Count"))
	}
	if err = errors.Join(err, json.Unmarshal(a.Body, &raws)); err != nil {
		return Part{}, err
	}
	for _, raw := range raws {
		var one trip.Trip
		if err := json.Unmarshal(raw, &one); err != nil {
			return Part{}, err
		}
		if one.VehicleID != who.Vehicle || one.Origin != company || one.ID.Validate() != nil || !one.State.Valid() {
			return Part{}, fmt.Errorf("%w: a list with trip %.40q", client.ErrRubbish, string(one.ID))
		}
		p.Items = append(p.Items, Item{one.ID, one.CreatedAt, raw})
	}
	return p, nil
}

// Companies are those that may have trips of a caller; none where nothing shows that
// he asks.
func (t *Trips) Companies(who identity.Caller) []charging.CompanyID {
	others := t.o.Peers.Others()
	if len(others) == 0 || who.Kind != identity.Vehicle || who.Via != "" {
		return nil
	}
	return others
}
