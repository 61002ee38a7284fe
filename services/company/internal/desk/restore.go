package desk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// hearTime bounds one round of questions to one originator.
const hearTime = 30 * time.Second

// hear asks every originator that has not answered, all at once.
func (rc *recovery) hear(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, hearTime)
	defer cancel()
	waiting := rc.loss.view().Waiting
	answers := make([][]charging.Promise, len(waiting))
	var wg sync.WaitGroup
	for i := range waiting {
		wg.Go(func() {
			var err error
			waiting[i].Attempts++
			if answers[i], err = rc.promised(ctx, waiting[i].Company); err != nil {
				answers[i], waiting[i].Detail = nil, err.Error()
			}
		})
	}
	wg.Wait()
	var silent []Waiting
	for i, w := range waiting {
		if answers[i] == nil {
			silent = append(silent, w)
			continue
		}
		rc.heard[w.Company] = answers[i]
	}
	rc.loss.change(func(v *Recovery) { v.Waiting = silent })
}

// promised reads all that one originator's trips hold here; never nil without
// an error.
func (rc *recovery) promised(ctx context.Context, of charging.CompanyID) ([]charging.Promise, error) {
	all := []charging.Promise{}
	for after := ""; ; {
		page, next, err := rc.o.Witnesses.Promises(ctx, of, after)
		if err != nil {
			return nil, err
		}
		for _, p := range page {
			p.Origin = of
			all = append(all, p)
		}
		if next == "" {
			return all, nil
		}
		after = next
	}
}

// takeHeard gives what has been heard, in the order in which it is restored:
// the stops of CONFIRMED trips, then those of trips that are still confirming;
// among these the latest grants, because an earlier one in the way had lapsed.
func (rc *recovery) takeHeard() []charging.Promise {
	var all []charging.Promise
	for _, list := range rc.heard {
		all = append(all, list...)
	}
	firm := func(p charging.Promise) int {
		if p.Outcome == charging.OutcomeConfirmed {
			return 0
		}
		return 1
	}
	slices.SortFunc(all, func(a, b charging.Promise) int {
		return cmp.Or(cmp.Compare(firm(a), firm(b)), cmp.Compare(b.Fence, a.Fence), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// restoreAll brings the stops back. An error is the store's: what has been
// restored stays, and the rest is repeated.
func (rc *recovery) restoreAll(ctx context.Context, all []charging.Promise) error {
	restored, conflicts := 0, 0
	for _, p := range all {
		s := rc.offered.Load().sites[p.EVSEID]
		if s == nil || p.Start.After(rc.o.Clock().Add(s.Terms.MaxAhead+tombstoneSlack)) {
			rc.o.Log("audit: "+string(p.Origin)+" claims reservation "+string(p.ID)+" on "+string(p.EVSEID)+", which cannot be booked here like that", nil)
			continue
		}
		res, err := rc.restore(ctx, s, p)
		switch code := charging.CodeOf(err); {
		case err == nil && res.State.Booked():
			restored++
			if res.State == charging.Charging {
				rc.plugs.keepCar(ctx, charging.At{Location: s.ID, Ref: p.Ref}, res.VehicleID)
			}
			rc.changed(res, nil)
		case err == nil || code == charging.CodeInvalidWindow: // has moved on, or is over
		case code == charging.CodeSlotTaken || code == charging.CodeIDReused || code == charging.CodeForbidden:
			conflicts++
			rc.o.Log("audit: reservation "+string(p.ID)+" of "+string(p.Origin)+"'s trip "+string(p.TripID)+" on "+string(p.EVSEID)+" is lost", err)
		default:
			return err
		}
	}
	rc.loss.change(func(v *Recovery) { v.Restored += restored; v.Conflicts += conflicts })
	if len(all) > 0 {
		rc.agendas.surveyAll()
	}
	return nil
}

// restore brings one stop back. A RESERVED in its way is asked for: one whose
// trip is over makes room.
func (rc *recovery) restore(ctx context.Context, s *site, p charging.Promise) (charging.Reservation, error) {
	res, err := rc.o.LossDetector.RestoreBooking(ctx, s.ID, p, s.Terms.NoShowTimeout, false)
	var r *charging.Refusal
	if !errors.As(err, &r) || r.Code != charging.CodeSlotTaken {
		return res, err
	}
	if c := r.Conflict; c != nil && c.Origin != "" {
		outcome, _ := rc.outcomes.askOutcome(ctx, charging.At{Location: s.ID, Ref: charging.Ref{
			ID: c.ReservationID, TripID: c.TripID, Origin: c.Origin, EVSEID: p.EVSEID, End: c.Window.End, Epoch: 1,
		}})
		if outcome == charging.OutcomeAborted {
			if res, err = rc.o.LossDetector.RestoreBooking(ctx, s.ID, p, s.Terms.NoShowTimeout, false); charging.CodeOf(err) != charging.CodeSlotTaken {
				return res, err
			}
		}
	}
	return rc.o.LossDetector.RestoreBooking(ctx, s.ID, p, s.Terms.NoShowTimeout, true)
}
