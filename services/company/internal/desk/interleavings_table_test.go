package desk

import (
	"fmt"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/model"
)

// TestScriptsFollowTheModel drives every state of a reservation through every
// action, by the real desk and the real scripts, and holds what comes of it
// against the tables of the model (services/e2e/model), that of the booking and that of
// a car at the plug: what the model has shown to be safe is what runs.
func TestScriptsFollowTheModel(t *testing.T) {
	onBothStores(t, theTable)
}

func theTable(t *testing.T, w *world, addr string) {
	lines, perState := model.Table(), len(model.Actions)+len(model.StaleActions)
	if want := len(model.Froms) * perState; len(lines) != want {
		t.Fatalf("%d lines, want %d", len(lines), want)
	}
	sessions := model.SessionTable()
	if want := len(model.Froms)*len(model.SessionActions) + len(model.SessionFroms)*(perState+len(model.SessionActions)); len(sessions) != want {
		t.Fatalf("%d lines with a car at the plug, want %d", len(sessions), want)
	}
	for n, line := range lines {
		t.Run(fmt.Sprintf("%s/%s/stale=%v", line.From, line.Action, line.Stale), func(t *testing.T) {
			newLine(t, w, addr, n).check(line)
		})
	}
	for n, line := range sessions {
		t.Run(fmt.Sprintf("%s/%s/stale=%v", line.From, line.Action, line.Stale), func(t *testing.T) {
			l := newLine(t, w, addr, len(lines)+n).soon()
			l.check(line)
			l.leave()
		})
	}
}

// tableLine plays one line of the table in an hour of its own.
type tableLine struct {
	t                       *testing.T
	w                       *world
	addr                    string
	subject, older, younger charging.HoldRequest
	rival, third            charging.ReservationID
}

func newLine(t *testing.T, w *world, addr string, n int) *tableLine {
	l := &tableLine{t: t, w: w, addr: addr}
	began := time.Now().Add(-time.Minute)
	for k, h := range []*charging.HoldRequest{&l.older, &l.subject, &l.younger} {
		*h = w.request(5*n + k)
		h.Start, h.End = h.Start.Add(time.Duration(n)*time.Hour), h.End.Add(time.Duration(n)*time.Hour)
		h.Ticket = paperTicket(t, h.TripID, began.Add(time.Duration(k)*time.Second), time.Now().Add(time.Hour))
	}
	l.subject.Owner, l.rival, l.third = "one", charging.ReservationID(id(5*n+3)), charging.ReservationID(id(5*n+4))
	return l
}

// soon has the line's window begin so soon that a car may plug in, at an EVSE whose
// windows of the lines before are over.
func (l *tableLine) soon() *tableLine {
	l.w.advance(3 * time.Hour)
	start := l.w.now().UTC().Truncate(time.Second).Add(testTerms.EarlyPlug / 2)
	for _, h := range []*charging.HoldRequest{&l.older, &l.subject, &l.younger} {
		h.EVSEID, h.Start, h.End = evse2, start, start.Add(time.Hour)
	}
	return l
}

// leave has the line's car unplug, if it is there.
func (l *tableLine) leave() {
	l.t.Helper()
	if res, err := l.w.Reservation(l.t.Context(), l.subject.ID, ""); err == nil && res.State == charging.Charging {
		l.must(l.w.Complete(l.t.Context(), l.subject.Ref, charging.Leaving{EnergyKWh: 1}))
	}
}

func (l *tableLine) must(_ charging.Reservation, err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// bring takes the reservation to a state by the ways that lead there.
func (l *tableLine) bring(from string) {
	l.t.Helper()
	ctx, w, ref := l.t.Context(), l.w, l.subject.Ref
	switch from {
	case "none":
	case "tombstone":
		l.must(w.Compensate(ctx, ref))
	case "claimed":
		l.must(w.Claim(ctx, l.subject))
	default:
		l.must(w.Reserve(ctx, l.subject))
	}
	switch from {
	case "unsettled", "settled", "charging", "fulfilled":
		l.must(w.Confirm(ctx, ref))
		if from != "unsettled" {
			l.outcome(charging.OutcomeConfirmed)
		}
		if from == "charging" || from == "fulfilled" {
			l.must(w.Start(ctx, ref, charging.Arrival{}))
		}
		if from == "fulfilled" {
			l.must(w.Complete(ctx, ref, charging.Leaving{EnergyKWh: 1}))
		}
	case "expired":
		deleteKey(l.t, l.addr, fmt.Sprintf("lock:{%s}:%s:%s", testLocation, ref.EVSEID, ref.ID))
	case "preempted": // and the window is free again
		other := l.older
		other.ID = l.rival
		l.must(w.Reserve(ctx, other))
		l.must(w.Compensate(ctx, other.Ref))
	case "withdrawn":
		if _, err := w.Withdraw(ctx, ref.EVSEID, "BROKEN_CHARGER"); err != nil {
			l.t.Fatal(err)
		}
		if err := w.ReturnToService(ctx, ref.EVSEID); err != nil {
			l.t.Fatal(err)
		}
	case "compensated":
		l.must(w.Compensate(ctx, ref))
	}
}

// outcome lets the company ask the originator, as its rounds do about what is
// unsettled.
func (l *tableLine) outcome(o charging.Outcome) {
	l.t.Helper()
	l.w.them.says(o, nil)
	defer l.w.them.says(charging.OutcomePending, nil)
	list, err := l.w.ground.o.Calendar.Unsettled(l.t.Context(), testLocation, 0, 0, 1000)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, r := range list {
		if r.ID != l.subject.ID {
			continue
		}
		if _, err := l.w.outcomes.askOutcome(l.t.Context(), charging.At{Location: testLocation, Ref: l.subject.Ref}); err != nil {
			l.t.Fatal(err)
		}
	}
}

// act does the action and tells the refusal.
func (l *tableLine) act(action string, stale bool) charging.Code {
	l.t.Helper()
	ctx, h := l.t.Context(), l.subject
	h.Epoch, h.Owner = 2, "two"
	if stale { // a third owner was there before the second wakes up
		third := h.Ref
		third.Epoch, third.Owner, third.ID = 3, "three", l.third
		l.must(l.w.Compensate(ctx, third))
	}
	var err error
	switch action {
	case "claim":
		_, err = l.w.Claim(ctx, h)
	case "reserve":
		_, err = l.w.Reserve(ctx, h)
	case "confirm":
		_, err = l.w.Confirm(ctx, h.Ref)
	case "compensate":
		_, err = l.w.Compensate(ctx, h.Ref)
	case "start":
		_, err = l.w.Start(ctx, h.Ref, charging.Arrival{})
	case "complete":
		_, err = l.w.Complete(ctx, h.Ref, charging.Leaving{EnergyKWh: 1})
	case "older":
		_, err = l.w.Reserve(ctx, l.older)
	case "younger":
		_, err = l.w.Reserve(ctx, l.younger)
	default:
		l.outcome(charging.Outcome(action))
	}
	if err != nil && charging.CodeOf(err) == "" {
		l.t.Fatal(err)
	}
	return charging.CodeOf(err)
}

func (l *tableLine) check(want model.Line) {
	l.t.Helper()
	l.bring(want.From)
	answer := l.act(want.Action, want.Stale)
	res, err := l.w.Reservation(l.t.Context(), l.subject.ID, "")
	if err != nil && charging.CodeOf(err) != charging.CodeUnknownReservation {
		l.t.Fatal(err)
	}
	if answer != want.Answer || res.State != want.To || res.State == charging.Reserved && res.Settled != want.Settled {
		l.t.Errorf("the scripts: %q, then %q (settled %v); the model: %q, then %q (settled %v)",
			answer, res.State, res.Settled, want.Answer, want.To, want.Settled)
	}
}
