package trips

import (
	"context"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// promisesScan is how many trips one page of promises looks at.
const promisesScan = 1000

// Promises lists what trips of this company hold at another, or here, for a
// company that has lost its memory: see charging.Witness. It answers from the
// journal. INVALID_FIELD for a cursor that is none.
func (s *originator) Promises(ctx context.Context, at charging.CompanyID, after string) ([]charging.Promise, string, error) {
	standing, next, err := s.Records.Standing(ctx, after, promisesScan, trip.Confirming, trip.Confirmed)
	if err != nil {
		return nil, "", err
	}
	page := []charging.Promise{}
	for _, t := range standing {
		page = append(page, promises(t, at)...)
	}
	return page, next, nil
}

// promises are a trip's present stops at a company, and what a shift is taking:
// the new ones, and those whose window moves in all that their company may hold of
// both windows.
func promises(t trip.Trip, at charging.CompanyID) []charging.Promise {
	var out []charging.Promise
	seen := map[charging.ReservationID]bool{}
	for _, l := range slices.Concat(t.Saga.Taking(), t.Legs) {
		outcome := outcome(t, l.ReservationID)
		if l.CompanyID != at || l.State.Final() || seen[l.ReservationID] ||
			outcome != charging.OutcomePending && outcome != charging.OutcomeConfirmed {
			continue
		}
		seen[l.ReservationID] = true
		p := charging.Promise{
			Ref: charging.Ref{ID: l.ReservationID, TripID: t.ID, Origin: t.Origin, EVSEID: l.EVSEID, End: l.End, Epoch: 1},
			Leg: l.Leg, Start: l.Start, VehicleID: t.VehicleID, Fence: l.Fence, Outcome: outcome,
		}
		if t.Saga != nil {
			p.Epoch, p.Owner = t.Saga.Epoch, t.Saga.Owner
		}
		out = append(out, p)
	}
	return out
}

// Promises lists what this company's trips hold.
func (n Near) Promises(ctx context.Context, at charging.CompanyID, after string) ([]charging.Promise, string, error) {
	return n.Service.Promises(ctx, at, after)
}

var _ charging.Witness = Near{}
