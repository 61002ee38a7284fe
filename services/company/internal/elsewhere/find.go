package elsewhere

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// originator finds where a trip began, and what it has here where that was looked at.
func (t *Trips) originator(ctx context.Context, who identity.Caller, id charging.TripID) (charging.CompanyID, []charging.Reservation, error) {
	if origin, ok := t.found.get(id, t.o.Now()); ok {
		return origin, nil, nil
	}
	held, err := t.o.Held(ctx, who.Vehicle, id)
	if err == nil && len(held) > 0 { // else the peers know better than a store that is away
		return held[0].Origin, held, nil
	}
	origin, err := t.search(ctx, who, id)
	return origin, nil, err
}

// search asks all peers at once for a trip, as the vehicle. UNKNOWN_TRIP, FORBIDDEN,
// RATE_LIMITED; *Away, where nobody knows it and somebody is silent.
func (t *Trips) search(ctx context.Context, who identity.Caller, id charging.TripID) (charging.CompanyID, error) {
	now, k := t.o.Now(), asked{who.Vehicle, id}
	if err, ok := t.refused.get(k, now); ok {
		return "", err
	}
	others := t.o.Peers.Others()
	if len(others) == 0 {
		return "", unknown(id)
	}
	if _, err := t.o.Vouch(who, others[0]); err != nil {
		return "", err // and nobody is asked
	}
	if wait := t.takeSearch(who.Vehicle, now); wait > 0 {
		return "", tooMany("this vehicle asks about too many trips that are not known here", wait)
	}
	ctx, cancel := context.WithTimeout(ctx, t.o.SearchTime)
	defer cancel()
	q := Request{Method: http.MethodGet, Path: "/api/v1/trips/" + url.PathEscape(string(id))}
	answers := make(chan found)
	for _, c := range others {
		go func() {
			a, err := t.forward(ctx, who, c, q)
			if err == nil {
				err = about(a, who.Vehicle, id, q.Path)
			}
			select {
			case answers <- found{c, err}:
			case <-ctx.Done():
			}
		}()
	}
	return t.gather(ctx, k, others, answers)
}

// found is what one company says about a trip; nil is the trip.
type found struct {
	company charging.CompanyID
	err     error
}

func (t *Trips) gather(ctx context.Context, k asked, others []charging.CompanyID, answers <-chan found) (charging.CompanyID, error) {
	waiting := map[charging.CompanyID]bool{}
	for _, c := range others {
		waiting[c] = true
	}
	var refused error
	var silent []string
	for len(waiting) > 0 {
		var a found
		select {
		case a = <-answers:
		case <-ctx.Done():
			for c := range waiting {
				silent = append(silent, string(c))
			}
			waiting = nil
			continue
		}
		delete(waiting, a.company)
		switch code := charging.CodeOf(a.err); {
		case a.err == nil:
			t.found.put(k.trip, a.company, t.o.Now().Add(foundFor))
			return a.company, nil
		case code == charging.CodeUnknownTrip:
		case silence(a.err) || code != charging.CodeForbidden:
			silent = append(silent, string(a.company))
		default:
			refused = a.err
		}
	}
	switch {
	case refused != nil:
	case len(silent) > 0:
		return "", &Away{Refusal: &charging.Refusal{
			Code: charging.CodePeerUnavailable, RetryAfter: time.Second,
			Detail: fmt.Sprintf("trip %s is not known here, and %s does not answer; repeat the request later", k.trip, strings.Join(silent, ", ")),
		}}
	default:
		refused = unknown(k.trip)
	}
	t.refused.put(k, refused, t.o.Now().Add(refusedFor))
	return "", refused
}

func unknown(id charging.TripID) error {
	return charging.Refuse(charging.CodeUnknownTrip, "no company knows a trip "+string(id))
}

// bucket is how many searches a vehicle has left.
type bucket struct {
	spent float64
	at    time.Time
}

// takeSearch takes one of a vehicle's searches, or says in how long there is one.
func (t *Trips) takeSearch(v charging.VehicleID, now time.Time) (wait time.Duration) {
	most := float64(t.o.Searches)
	t.searches.update(v, now.Add(time.Hour), func(b *bucket) {
		b.spent = max(0, b.spent-now.Sub(b.at).Seconds())
		b.at = now
		if b.spent+1 > most {
			wait = time.Duration((b.spent + 1 - most) * float64(time.Second))
			return
		}
		b.spent++
	})
	return wait
}
