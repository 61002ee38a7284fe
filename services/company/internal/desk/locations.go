package desk

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	// readers bounds the locations that are read at once for one answer.
	readers = 8
	// maxAvailability is how many EVSEs one question may name.
	maxAvailability = 1000
)

// availability is what this company offers to those who plan: its locations, and when
// their EVSEs are free.
type availability struct {
	*ground
	loss    *dataLoss
	rules   *rules
	display *display
}

// Locations lists this company's locations with the present status of each
// EVSE: UNKNOWN while the store cannot be asked, OUTOFORDER while it is broken, CHARGING
// while a car is at the plug, RESERVED in a booked window without one.
func (d *Desk) Locations(ctx context.Context) []charging.Location {
	return d.availability.locations(ctx)
}

func (a *availability) locations(ctx context.Context) []charging.Location {
	list := slices.Clone(a.offered.Load().listed)
	is, err := a.display.presences(ctx)
	for i := range list {
		list[i].EVSEs = slices.Clone(list[i].EVSEs)
		for j := range list[i].EVSEs {
			e := &list[i].EVSEs[j]
			if e.Status = charging.StatusUnknown; err == nil {
				e.Status, e.Since, e.Reason = is[e.ID].Status, is[e.ID].Since, is[e.ID].Reason
			}
		}
	}
	return list
}

// Free lists the free windows of one EVSE in w, nothing before now.
func (d *Desk) Free(ctx context.Context, evse charging.EVSEID, w charging.Window) (charging.Free, error) {
	list, err := d.Availability(ctx, []charging.EVSEID{evse}, w)
	if err != nil {
		return charging.Free{}, err
	}
	return list[0], nil
}

// Availability lists the free windows of EVSEs in w, in the order asked,
// nothing before now. An EVSE out of service has none. UNKNOWN_EVSE,
// INVALID_WINDOW, INVALID_FIELD.
func (d *Desk) Availability(ctx context.Context, evses []charging.EVSEID, w charging.Window) ([]charging.Free, error) {
	return d.availability.list(ctx, evses, w)
}

func (a *availability) list(ctx context.Context, evses []charging.EVSEID, w charging.Window) ([]charging.Free, error) {
	if err := a.loss.refuse(); err != nil {
		return nil, err
	}
	w, err := a.rules.span(w)
	if err != nil {
		return nil, err
	}
	if len(evses) > maxAvailability {
		return nil, charging.Invalid("evse_ids", "names more than 1000 EVSEs; ask in parts")
	}
	bySite := map[*site][]charging.EVSEID{}
	for _, id := range evses {
		s, err := a.site(id)
		if err != nil {
			return nil, err
		}
		if err := s.offers(id); err != nil {
			return nil, err
		}
		bySite[s] = append(bySite[s], id)
	}
	free, err := a.freeBySite(ctx, bySite, w)
	if err != nil {
		return nil, err
	}
	list := make([]charging.Free, len(evses))
	for i, id := range evses {
		list[i] = charging.Free{EVSEID: id, Windows: free[id]}
	}
	return list, nil
}

// span checks what was asked and cuts off the past.
func (r *rules) span(w charging.Window) (charging.Window, error) {
	w = charging.NewWindow(w.Start, w.End)
	reason := ""
	switch {
	case w.Start.IsZero() || w.End.IsZero():
		reason = "and from are both needed"
	case !w.End.After(w.Start):
		reason = "must be after from"
	case w.Duration() > charging.MaxAhead+tombstoneSlack:
		reason = "is more than 32 days after from"
	}
	if reason != "" {
		return w, &charging.Refusal{
			Code: charging.CodeInvalidWindow, Detail: "to " + reason,
			Fields: []charging.FieldError{{Field: "to", Reason: reason}},
		}
	}
	if now := r.o.Clock().UTC().Truncate(time.Second).Add(time.Second); w.Start.Before(now) {
		w.Start = now
	}
	return w, nil
}

func (a *availability) freeBySite(ctx context.Context, bySite map[*site][]charging.EVSEID, w charging.Window) (map[charging.EVSEID][]charging.Window, error) {
	answers := make(chan []charging.Free, len(bySite))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for s, ids := range bySite {
		g.Go(func() error {
			list, err := a.freeAt(ctx, s, ids, w)
			answers <- list
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	close(answers)
	free := map[charging.EVSEID][]charging.Window{}
	for list := range answers {
		for _, f := range list {
			free[f.EVSEID] = f.Windows
		}
	}
	return free, nil
}

func (a *availability) freeAt(ctx context.Context, s *site, ids []charging.EVSEID, w charging.Window) ([]charging.Free, error) {
	if !w.End.After(w.Start) {
		return nil, nil
	}
	is, err := a.display.conditions(ctx)
	if err != nil {
		return nil, err
	}
	list, err := a.o.Calendar.Free(ctx, s.ID, ids, w)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(f charging.Free) bool { return is[f.EVSEID].OutOfService != "" }), nil
}
