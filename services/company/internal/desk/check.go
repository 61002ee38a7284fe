package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// tombstoneSlack is how far beyond the farthest bookable start a window may end.
const tombstoneSlack = 48 * time.Hour

// rules judge what is asked of this company, before its calendar does.
type rules struct{ *ground }

// at checks the ids of a ref and finds its location. An epoch of 0 is 1.
func (r *rules) at(ref charging.Ref) (charging.At, *site, error) {
	for _, err := range []error{ref.ID.Validate(), ref.TripID.Validate()} {
		if err != nil {
			return charging.At{}, nil, err
		}
	}
	if ref.Origin.Validate() != nil {
		return charging.At{}, nil, charging.Invalid("origin", fmt.Sprintf("%q is not a company", short(string(ref.Origin))))
	}
	if ref.Epoch < 0 {
		return charging.At{}, nil, charging.Invalid("epoch", "must be at least 1")
	}
	ref.Epoch = max(ref.Epoch, 1)
	s, err := r.site(ref.EVSEID)
	if err != nil {
		return charging.At{}, nil, err
	}
	return charging.At{Location: s.ID, Ref: ref}, s, nil
}

func short(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}

// request checks what a hold brings beside its ref.
func (r *rules) request(ctx context.Context, h charging.HoldRequest) (charging.Hold, error) {
	at, s, err := r.at(h.Ref)
	if err == nil {
		err = s.offers(h.EVSEID)
	}
	if err != nil {
		return charging.Hold{}, err
	}
	if h.Leg < 1 || h.Leg > 100 {
		return charging.Hold{}, charging.Invalid("leg", "must be 1 to 100")
	}
	if err := h.VehicleID.Validate(); err != nil {
		return charging.Hold{}, err
	}
	h.Ref = at.Ref
	w := charging.NewWindow(h.Start, h.End)
	if err := r.window(ctx, w, at, s); err != nil {
		return charging.Hold{}, err
	}
	h.Start, h.End = w.Start, w.End
	h.TTL = r.ttl(h.TTL)
	return charging.Hold{HoldRequest: h, Location: s.ID, NoShow: s.Terms.NoShowTimeout, Quota: r.quota(h.VehicleID, h.Origin)}, nil
}

// window checks a window against the terms and the limits. One that has begun, or is
// longer than what is allowed by now, may still be the repeat of an action that was
// executed in time: then the calendar decides.
func (r *rules) window(ctx context.Context, w charging.Window, at charging.At, s *site) error {
	now := r.o.Clock()
	long := r.tooLong(w, at.EVSEID, s, "")
	err := w.Validate(now, s.Terms.MaxAhead, "")
	if err == nil && long == nil || err != nil && !w.Contains(now) {
		return err
	}
	if shape := w.Validate(w.Start, s.Terms.MaxAhead, ""); shape != nil {
		return shape
	}
	if err == nil {
		err = long
	}
	_, unseen := r.o.Calendar.Reservation(ctx, at.ID, []charging.LocationID{s.ID})
	if charging.CodeOf(unseen) == charging.CodeUnknownReservation {
		return err
	}
	return unseen
}

// tooLong refuses a window that is longer than any at this EVSE.
func (r *rules) tooLong(w charging.Window, id charging.EVSEID, s *site, field string) error {
	i := slices.IndexFunc(s.EVSEs, func(e charging.EVSE) bool { return e.ID == id })
	if i < 0 {
		return nil
	}
	longest := r.o.Limits.Longest(s.EVSEs[i], s.Terms)
	if w.Duration() <= longest {
		return nil
	}
	reason := fmt.Sprintf("the window lasts %s; %s lets nobody have %s for more than %s", w.Duration(), r.o.Company, id, longest)
	return &charging.Refusal{
		Code: charging.CodeInvalidWindow, Detail: field + "end: " + reason + ": book a shorter one",
		Fields: []charging.FieldError{{Field: field + "end", Reason: reason}},
	}
}

func (r *rules) ttl(asked time.Duration) time.Duration {
	if asked <= 0 {
		return r.o.DefaultTTL
	}
	return min(max(asked, r.o.MinTTL), r.o.MaxTTL)
}

// beyond says whether a window that ends then is farther ahead than any that is granted
// here: nobody may leave a record that lives as long.
func (r *rules) beyond(end time.Time, s *site) bool {
	return end.After(r.o.Clock().Add(s.Terms.MaxAhead + tombstoneSlack))
}

// checkEnd refuses an end that no window has.
func checkEnd(end time.Time) error {
	reason := ""
	switch {
	case end.IsZero():
		reason = "is missing"
	case end.Nanosecond() != 0:
		reason = "must be a whole second"
	default:
		return nil
	}
	return &charging.Refusal{
		Code: charging.CodeInvalidWindow, Detail: "end " + reason,
		Fields: []charging.FieldError{{Field: "end", Reason: reason}},
	}
}
