package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// longRequest bounds what is kept of a request's id.
const longRequest = 128

// asked says to a script for which request it acts. What would not fit into a line of a
// history is left out.
func asked(ctx context.Context) string {
	id := charging.RequestFrom(ctx)
	if len(id) > longRequest || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		id = ""
	}
	return "request|" + id
}

// Steps reads a record among the given locations with its history, the oldest first
// (docs/adr/0024-reservation-history.md). UNKNOWN_RESERVATION.
func (c Calendar) Steps(ctx context.Context, id charging.ReservationID, among []charging.LocationID) (charging.Reservation, []charging.Step, error) {
	r, log, err := c.look(ctx, id, among, true)
	if err != nil {
		return r, nil, err
	}
	return r, steps(log, r.Reason), nil
}

// steps reads a record's log. The reason is the last one's that is the owner's.
func steps(log, reason string) []charging.Step {
	lines := strings.Fields(log)
	slices.Reverse(lines)
	list := make([]charging.Step, 0, len(lines))
	for _, line := range lines {
		if s, ok := step(line); ok {
			if n := len(list); n > 0 {
				s.From = list[n-1].To
			}
			list = append(list, s)
		}
	}
	for i := range slices.Backward(list) {
		if s := &list[i]; s.Operator && s.Code == "" {
			s.Reason = reason
			break
		}
	}
	return list
}

// step reads one line: number|at|civil|kind|state|by|note|request. One of another version
// is left out.
func step(line string) (s charging.Step, ok bool) {
	f := strings.SplitN(line, "|", 8)
	if len(f) < 8 {
		return s, false
	}
	s = charging.Step{
		Number: number(f[0]), At: time.UnixMilli(number(f[1])).UTC(),
		Kind: charging.StepKind(f[3]), To: charging.State(f[4]), RequestID: f[7],
	}
	if s.Civil = s.At; f[2] != "" {
		s.Civil = time.UnixMilli(number(f[2])).UTC()
	}
	if s.Operator = f[5] == "operator"; !s.Operator {
		s.By = charging.CompanyID(f[5])
	}
	noted(&s, f[6])
	return s, true
}

// noted reads a line's note, which is as its kind has it.
func noted(s *charging.Step, note string) {
	start, end, window := strings.Cut(note, "-")
	switch {
	case note == "":
	case s.Kind == charging.StepPreempt:
		s.YieldedTo = charging.TripID(note)
	case s.Kind == charging.StepOutcome:
		s.Heard = charging.Outcome(note)
	case s.Kind == charging.StepRestore:
		s.Reason = note
	case s.Kind == charging.StepMove && window:
		s.Window = charging.NewWindow(fromSeconds(number(start)), fromSeconds(number(end)))
	default:
		s.Code = charging.Code(note)
	}
}
