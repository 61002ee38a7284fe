package trips

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// A company asks for another window of its own stop: an hour away at most, no shorter,
// at its own EVSEs. It fails where it moves another's stop, learns of a trip that is not
// at its EVSEs, or the trip changes although it was refused.
func TestWhatAnOwnerMayAsk(t *testing.T) {
	for name, tt := range map[string]struct {
		from charging.CompanyID
		ask  func(*api.Rearrange)
		code charging.Code
	}{
		"as it is":                {"", func(*api.Rearrange) {}, ""},
		"a stranger":              {"ZZZ", func(*api.Rearrange) {}, charging.CodeUnknownTrip},
		"an unknown reservation":  {"", func(q *api.Rearrange) { q.ReservationID = "0199a2b3-6c00-7abc-8def-0123456789ac" }, charging.CodeUnknownReservation},
		"to another company":      {"", func(q *api.Rearrange) { q.EVSEID = "BR*ZZZ*E0001*1" }, charging.CodeForbidden},
		"shorter":                 {"", func(q *api.Rearrange) { q.End = q.End.Add(-time.Minute) }, charging.CodeForbidden},
		"earlier by too much":     {"", func(q *api.Rearrange) { q.Start = q.Start.Add(-61 * time.Minute) }, charging.CodeForbidden},
		"later by more than that": {"", func(q *api.Rearrange) { q.Start, q.End = q.Start.Add(61*time.Minute), q.End.Add(61*time.Minute) }, charging.CodeForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _ := counter(t)
			tr := booked(t, s)
			l := tr.Legs[0]
			q, from := api.Rearrange{ReservationID: l.ReservationID, EVSEID: l.EVSEID, Start: l.Start, End: l.End}, l.EVSEID.Company()
			if tt.from != "" {
				from = tt.from
			}
			tt.ask(&q)
			got, err := s.Rearrange(t.Context(), from, tr.ID, q)
			if charging.CodeOf(err) != tt.code || err == nil && (got.Leg != l.Leg || got.Rearrange != q) {
				t.Errorf("%+v, %v; want %q", got, err, tt.code)
			}
			if now, err := s.Trip(t.Context(), tr.ID); err != nil || now.Legs[0].Window() != l.Window() {
				t.Errorf("the trip has %+v, %v", now.Legs[0], err)
			}
		})
	}
	s, _, _ := counter(t)
	tr := booked(t, s)
	first, second := tr.Legs[0], tr.Legs[1]
	if first.CompanyID == second.CompanyID {
		t.Fatal("the two stops are of one company: they say nothing of each other's")
	}
	_, err := s.Rearrange(t.Context(), second.CompanyID, tr.ID, api.Rearrange{ReservationID: first.ReservationID, EVSEID: "BR*" + charging.EVSEID(second.CompanyID) + "*E0001*1", Start: first.Start, End: first.End})
	if charging.CodeOf(err) != charging.CodeUnknownTrip {
		t.Errorf("another owner's stop of the same trip: %v", err)
	}
}
