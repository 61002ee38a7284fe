package elsewhere

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// ErrNoStop says that no trip that began elsewhere has a stop of the vehicle at an EVSE.
var ErrNoStop = errors.New("no trip that began elsewhere stops there")

// newestTrips of each company are looked at for the stop at which a car stands.
const newestTrips = "50"

// Plug passes on that a car has plugged in, or has left (act is plug or unplug), to
// where the trip began that has a stop at that EVSE: there the trip is kept. ErrNoStop;
// *Away, where a company that may have one is silent; else as Ask.
func (t *Trips) Plug(ctx context.Context, who identity.Caller, act string, evse charging.EVSEID, body []byte) (client.ForwardedAnswer, error) {
	origin, err := t.originOfStop(ctx, who, evse)
	if err != nil {
		return client.ForwardedAnswer{}, err
	}
	leave, err := t.enter(who.Vehicle)
	if err != nil {
		return client.ForwardedAnswer{}, err
	}
	defer leave()
	q := Request{
		Method: http.MethodPost, Path: "/api/v1/vehicles/" + url.PathEscape(string(who.Vehicle)) + "/" + act,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: body,
	}
	a, err := t.forward(ctx, who, origin, q)
	if silence(err) {
		return a, t.silentOne(origin, q, err)
	}
	return a, err
}

// silentOne is an Away about one company, of which nothing is known here.
func (t *Trips) silentOne(c charging.CompanyID, q Request, cause error) error {
	return &Away{Refusal: &charging.Refusal{Code: charging.CodePeerUnavailable, Detail: silentDetail(c, q, cause), RetryAfter: time.Second, Cause: cause}}
}

// originOfStop finds the trip that a car means by where it stands, among those that
// began elsewhere.
func (t *Trips) originOfStop(ctx context.Context, who identity.Caller, evse charging.EVSEID) (charging.CompanyID, error) {
	others := t.Companies(who)
	if len(others) == 0 {
		return "", ErrNoStop
	}
	if _, err := t.o.Vouch(who, others[0]); err != nil {
		return "", err
	}
	pages := map[charging.CompanyID]url.Values{}
	for _, c := range others {
		pages[c] = url.Values{"limit": {newestTrips}}
	}
	parts, err := t.List(ctx, who, pages)
	if err != nil {
		return "", err
	}
	var best charging.CompanyID
	rank := math.Inf(1)
	for _, c := range slices.Sorted(maps.Keys(parts)) {
		for _, i := range parts[c].Items {
			if r := t.rank(i.Raw, evse); r < rank {
				best, rank = c, r
			}
		}
	}
	if best != "" {
		return best, nil
	}
	for _, c := range others {
		if _, answered := parts[c]; !answered {
			pages[c] = nil
		} else {
			delete(pages, c)
		}
	}
	if len(pages) == 0 {
		return "", ErrNoStop
	}
	var silent []string
	for _, c := range slices.Sorted(maps.Keys(pages)) {
		silent = append(silent, string(c))
	}
	return "", &Away{Refusal: &charging.Refusal{
		Code: charging.CodePeerUnavailable, RetryAfter: time.Second, Cause: charging.ErrNotSent,
		Detail: fmt.Sprintf("no trip is known that stops at %s, and %s does not answer; repeat the request later", evse, strings.Join(silent, ", ")),
	}}
}

// unlikely is the rank from which on a stop is meant only where there is no other.
const unlikely = 1e9

// rank orders a trip by its stop at an EVSE, as its originator does: the car is there,
// the window that is nearest, one that was used.
func (t *Trips) rank(raw json.RawMessage, evse charging.EVSEID) float64 {
	best := math.Inf(1)
	var of trip.Trip
	if json.Unmarshal(raw, &of) != nil {
		return best
	}
	for _, l := range of.Legs {
		if l.EVSEID != evse {
			continue
		}
		away := max(l.Start.Sub(t.o.Now()), t.o.Now().Sub(l.End), 0).Minutes()
		switch {
		case l.State == charging.Charging:
			best = -1
		case l.State == charging.Reserved && of.State == trip.Confirmed:
			best = min(best, away)
		case l.State == charging.Fulfilled || l.State == charging.NoShow:
			best = min(best, unlikely+away)
		}
	}
	return best
}
