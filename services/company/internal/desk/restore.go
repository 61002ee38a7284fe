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
func (d *Desk) hear(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, hearTime)
	defer cancel()
	waiting := d.Recovery().Waiting
	answers := make([][]charging.Promise, len(waiting))
	var wg sync.WaitGroup
	for i := range waiting {
		wg.Go(func() {
			var err error
			waiting[i].Attempts++
			if answers[i], err = d.promised(ctx, waiting[i].Company); err != nil {
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
		d.recovery.heard[w.Company] = answers[i]
	}
	d.recovery.change(func(v *Recovery) { v.Waiting = silent })
}

// promised reads all that one originator's trips hold here; never nil without
// an error.
func (d *Desk) promised(ctx context.Context, of charging.CompanyID) ([]charging.Promise, error) {
	all := []charging.Promise{}
	for after := ""; ; {
		page, next, err := d.o.Witnesses.Promises(ctx, of, after)
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
func (d *Desk) takeHeard() []charging.Promise {
	var all []charging.Promise
	for _, list := range d.recovery.heard {
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
func (d *Desk) restoreAll(ctx context.Context, all []charging.Promise) error {
	restored, conflicts := 0, 0
	for _, p := range all {
		s := d.offered.Load().sites[p.EVSEID]
		if s == nil || p.Start.After(d.o.Clock().Add(s.Terms.MaxAhead+tombstoneSlack)) {
			d.o.Log("audit: "+string(p.Origin)+" claims reservation "+string(p.ID)+" on "+string(p.EVSEID)+", which cannot be booked here like that", nil)
			continue
		}
		res, err := d.restore(ctx, s, p)
		switch code := charging.CodeOf(err); {
		case err == nil && res.State.Booked():
			restored++
			if res.State == charging.Charging {
				d.keepCar(ctx, charging.At{Location: s.ID, Ref: p.Ref}, res.VehicleID)
			}
			d.changed(res, nil)
		case err == nil || code == charging.CodeInvalidWindow: // has moved on, or is over
		case code == charging.CodeSlotTaken || code == charging.CodeIDReused || code == charging.CodeForbidden:
			conflicts++
			d.o.Log("audit: reservation "+string(p.ID)+" of "+string(p.Origin)+"'s trip "+string(p.TripID)+" on "+string(p.EVSEID)+" is lost", err)
		default:
			return err
		}
	}
	d.recovery.change(func(v *Recovery) { v.Restored += restored; v.Conflicts += conflicts })
	if len(all) > 0 {
		d.Survey()
	}
	return nil
}

// restore brings one stop back. A RESERVED in its way is asked for: one whose
// trip is over makes room.
func (d *Desk) restore(ctx context.Context, s *site, p charging.Promise) (charging.Reservation, error) {
	res, err := d.o.Memory.Restore(ctx, s.ID, p, s.Terms.NoShowTimeout, false)
	var r *charging.Refusal
	if !errors.As(err, &r) || r.Code != charging.CodeSlotTaken {
		return res, err
	}
	if c := r.Conflict; c != nil && c.Origin != "" {
		outcome, _ := d.resolve(ctx, charging.At{Location: s.ID, Ref: charging.Ref{
			ID: c.ReservationID, TripID: c.TripID, Origin: c.Origin, EVSEID: p.EVSEID, End: c.Window.End, Epoch: 1,
		}})
		if outcome == charging.OutcomeAborted {
			if res, err = d.o.Memory.Restore(ctx, s.ID, p, s.Terms.NoShowTimeout, false); charging.CodeOf(err) != charging.CodeSlotTaken {
				return res, err
			}
		}
	}
	return d.o.Memory.Restore(ctx, s.ID, p, s.Terms.NoShowTimeout, true)
}
