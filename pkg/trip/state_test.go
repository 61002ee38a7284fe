package trip

import (
	"slices"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// picture is the drawing of the contract (§3), arrow by arrow. CONFIRMING goes
// back to RESERVING, or gives up, after a refused confirm; every other way out
// of an undecided trip is COMPENSATING.
var picture = []struct{ from, to State }{
	{Reserving, Confirming},
	{Reserving, AwaitingDecision},
	{Reserving, Compensating},
	{AwaitingDecision, Reserving},
	{AwaitingDecision, Compensating},
	{Confirming, Confirmed},
	{Confirming, Reserving},
	{Confirming, Compensating},
	{Confirmed, Completed},
	{Confirmed, Canceled},
	{Compensating, Aborted},
}

func drawn(from, to State) bool {
	return slices.ContainsFunc(picture, func(a struct{ from, to State }) bool { return a.from == from && a.to == to })
}

func TestTransitionsAreThePicture(t *testing.T) {
	for _, from := range States() {
		for _, to := range States() {
			if got := from.Can(to); got != drawn(from, to) {
				t.Errorf("%s → %s: Can = %v, the picture says %v", from, to, got, drawn(from, to))
			}
			moved := Trip{ID: "t", State: from}
			err := moved.Move(to)
			switch allowed := drawn(from, to) || from == to; {
			case allowed && (err != nil || moved.State != to):
				t.Errorf("Move %s → %s: state %s, %v", from, to, moved.State, err)
			case !allowed && (err == nil || moved.State != from):
				t.Errorf("Move %s → %s: state %s, no error", from, to, moved.State)
			}
		}
	}
	if len(States()) != 8 {
		t.Errorf("%d states; the contract has 8", len(States()))
	}
}

func TestStateKinds(t *testing.T) {
	settled := []State{Confirmed, Completed, Canceled, Aborted}
	closed := []State{Completed, Canceled, Aborted}
	for _, s := range States() {
		if !s.Valid() {
			t.Errorf("%s is not valid", s)
		}
		if s.Settled() != slices.Contains(settled, s) {
			t.Errorf("%s.Settled() = %v", s, s.Settled())
		}
		if s.Open() == slices.Contains(closed, s) {
			t.Errorf("%s.Open() = %v", s, s.Open())
		}
	}
	if State("").Valid() || State("reserving").Valid() || State("").Can(Reserving) {
		t.Error("what is no state is valid, or leads somewhere")
	}
}

// From every state some end can be reached, and ends lead nowhere.
func TestEveryStateEnds(t *testing.T) {
	for _, start := range States() {
		seen, todo := map[State]bool{}, []State{start}
		for len(todo) > 0 {
			s := todo[0]
			todo = todo[1:]
			if seen[s] {
				continue
			}
			seen[s] = true
			todo = append(todo, transitions[s]...)
		}
		if !seen[Completed] && !seen[Canceled] && !seen[Aborted] {
			t.Errorf("from %s no end can be reached", start)
		}
	}
	if Aborted.Can(Reserving) || Completed.Can(Canceled) || Canceled.Can(Compensating) {
		t.Error("an end leads somewhere")
	}
}

func TestPolicies(t *testing.T) {
	for _, p := range []Policy{Ask, Replan, Wait, Abort} {
		if !p.Valid() {
			t.Errorf("%s is not valid", p)
		}
	}
	if Policy("").Valid() || Policy("ASK").Valid() {
		t.Error("what is no policy is valid")
	}
}

func TestPublicHidesTheSaga(t *testing.T) {
	private := Trip{ID: "t", Origin: "MAR", Saga: &Saga{Epoch: 3, Owner: "a", Ticket: "secret", Abandoned: []Abandoned{{Leg: 1}}}}
	if private.Public().Saga != nil {
		t.Error("Public keeps the saga")
	}
	copied := private.Clone()
	copied.Saga.Abandoned[0].Leg = 9
	copied.Saga.Epoch = 4
	if private.Saga.Abandoned[0].Leg != 1 || private.Saga.Epoch != 3 {
		t.Error("a clone shares its saga with the original")
	}
}

func TestRefCarriesEpochAndOwner(t *testing.T) {
	tr := Trip{
		ID: "t", Origin: "MAR", Saga: &Saga{Epoch: 3, Owner: "a"},
		Legs: []Leg{{Leg: 1, ReservationID: "r1", EVSEID: "BR*SER*E1"}, {Leg: 2, ReservationID: "r2", EVSEID: "BR*CAJ*E1"}},
	}
	want := charging.Ref{ID: "r2", TripID: "t", Origin: "MAR", EVSEID: "BR*CAJ*E1", Epoch: 3, Owner: "a"}
	if got := tr.Ref(1); got != want {
		t.Errorf("Ref = %+v, want %+v", got, want)
	}
	old := tr.RefOf(Abandoned{Leg: 1, ReservationID: "r0", EVSEID: "BR*SER*E1"})
	if old.ID != "r0" || old.Epoch != 3 || old.TripID != "t" {
		t.Errorf("RefOf = %+v", old)
	}
	if !(Trip{}).Span().Start.IsZero() {
		t.Error("a trip without legs has a span")
	}
}
