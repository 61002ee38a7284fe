package desk

import (
	"context"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func (m *memory) Entries(_ context.Context, loc charging.LocationID, evse charging.EVSEID, w charging.Window, stayed bool) (charging.Agenda, time.Time, error) {
	unlock, err := m.lock()
	if err != nil {
		return charging.Agenda{}, time.Time{}, err
	}
	defer unlock()
	a := charging.Agenda{EVSEID: evse, Location: loc, OutOfService: m.out[evse]}
	for _, r := range m.recs {
		m.lapse(r, 0)
		begun := w.End.IsZero() || r.taken().Start.Before(w.End)
		there := r.Window.End.After(w.Start) || stayed && r.State == charging.Charging && !w.Start.After(m.now())
		if r.EVSEID == evse && r.State.Holds() && begun && there {
			a.Entries = append(a.Entries, r.Reservation)
		}
	}
	slices.SortFunc(a.Entries, func(a, b charging.Reservation) int { return PlaceOf(a).compare(PlaceOf(b)) })
	return a, time.Time{}, nil
}

func (m *memory) Present(_ context.Context, at []charging.Premises, is map[charging.EVSEID]charging.Condition) (map[charging.EVSEID]charging.Presence, error) {
	unlock, err := m.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	out := map[charging.EVSEID]charging.Presence{}
	for _, p := range at {
		for _, e := range p.EVSEs {
			a := charging.Agenda{OutOfService: is[e].OutOfService}
			for _, r := range m.recs {
				if r.EVSEID == e && r.State.Holds() {
					a.Entries = append(a.Entries, r.Reservation)
				}
			}
			s, since := a.Status(m.now())
			out[e] = charging.Presence{Status: s, Since: since, Reason: a.OutOfService}
		}
	}
	return out, nil
}

func (m *memory) Cancel(_ context.Context, _ charging.LocationID, res charging.Reservation, reason string, holdsAlone bool) (charging.Reservation, error) {
	unlock, err := m.lock()
	if err != nil {
		return res, err
	}
	defer unlock()
	r := m.recs[res.ID]
	if r == nil {
		return res, refuse(charging.CodeUnknownReservation)
	}
	m.lapse(r, 0)
	switch {
	case r.State == charging.Canceled:
		out := r.Reservation
		out.Replay = true
		return out, nil
	case r.State == charging.Charging:
		return res, refuse(charging.CodeSessionOpen)
	case !r.State.Holds() || r.State == charging.Reserved && (holdsAlone || !m.now().Before(r.Window.End)):
		return res, refuse(charging.CodeNoReservationHere)
	}
	r.State, r.Reason = charging.Canceled, reason
	m.tell(r, "")
	return r.Reservation, nil
}

// Steps has none: what is kept of them is the store's alone.
func (m *memory) Steps(ctx context.Context, id charging.ReservationID, among []charging.LocationID) (charging.Reservation, []charging.Step, error) {
	r, err := m.Reservation(ctx, id, among)
	return r, nil, err
}
