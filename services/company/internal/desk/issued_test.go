package desk

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func TestIssued(t *testing.T) {
	w := newWorld(t, nil)
	h := w.request(1)
	h.Leg = 1
	res, err := w.Reserve(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	k := charging.Ticket{ReservationID: h.ID, TripID: h.TripID, Origin: h.Origin, GrantedAt: res.GrantedAt}
	for name, tt := range map[string]struct {
		change func(*charging.Ticket)
		want   bool
		code   charging.Code
	}{
		"as it was": {func(*charging.Ticket) {}, true, ""}, "another stamp": {func(k *charging.Ticket) { k.GrantedAt = "1" }, false, ""},
		"another trip":        {func(k *charging.Ticket) { k.TripID = charging.TripID(id(7)) }, false, ""},
		"another originator":  {func(k *charging.Ticket) { k.Origin = "CAJ" }, false, ""},
		"another reservation": {func(k *charging.Ticket) { k.ReservationID = charging.ReservationID(id(7)) }, false, charging.CodeUnknownReservation},
	} {
		asked := k
		tt.change(&asked)
		if got, err := w.Issued(t.Context(), asked); got != tt.want || charging.CodeOf(err) != tt.code {
			t.Errorf("%s: %t, %v", name, got, err)
		}
	}
}

// The faults: an issuer that is not asked where its ticket preempts, one that is asked
// before the grant and holds it up, one that is accused for being away.
func TestAnIssuerIsAskedWhereItsTicketPreempts(t *testing.T) {
	for name, tt := range map[string]struct {
		gave   bool
		err    error
		caught bool
	}{
		"it gave it": {gave: true}, "it denies it": {caught: true},
		"it knows no such reservation": {err: charging.Refuse(charging.CodeUnknownReservation, ""), caught: true},
		"an older edition":             {err: charging.Refuse(charging.CodeUnknownRoute, "")}, "it is away": {err: errors.New("no route to host")},
	} {
		asked, caught, answer := make(chan charging.Ticket, 1), make(chan string, 1), make(chan struct{})
		w := newWorld(t, func(o *Options) {
			o.AskIssuer = func(_ context.Context, k charging.Ticket) (bool, error) {
				asked <- k
				<-answer
				return tt.gave, tt.err
			}
			o.Caught = func(who charging.CompanyID, what string) { caught <- string(who) + what }
		})
		younger, older := w.request(1), w.request(2)
		if _, err := w.Reserve(t.Context(), younger); err != nil {
			t.Fatal(err)
		}
		token, err := paper{}.Issue(charging.Ticket{
			TripID: older.TripID, Origin: "SER", Issuer: "CAJ", GrantedAt: itoa(time.Now().UnixMicro()),
			ReservationID: charging.ReservationID(id(8)), Expires: time.Now().Add(time.Minute),
		}, "key-1")
		if err != nil {
			t.Fatal(err)
		}
		older.Ticket = token
		if _, err := w.Claim(t.Context(), older); err != nil { // nobody has answered yet
			t.Fatalf("%s: %v", name, err)
		}
		k := <-w.tickets.used
		done := make(chan struct{})
		go func() { defer close(done); w.tickets.question(t.Context(), k) }()
		if got := <-asked; got.ReservationID != charging.ReservationID(id(8)) || got.Issuer != "CAJ" {
			t.Errorf("%s: asked about %+v", name, got)
		}
		close(answer)
		<-done
		if got := len(caught) == 1; got != tt.caught {
			t.Errorf("%s: caught %t, want %t", name, got, tt.caught)
		}
	}
}
