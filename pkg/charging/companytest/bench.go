package companytest

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	ttl = 30 * time.Second
)

// bench is a fixture on the test bench: it makes requests and judges answers.
type bench struct {
	*testing.T
	Fixture
	ctx  context.Context
	base time.Time
}

func newBench(t *testing.T, f Fixture) *bench {
	if f.Now == nil {
		f.Now = time.Now
	}
	if len(f.EVSEs) < 2 || f.Company == nil || f.Read == nil || f.Expire == nil || f.Ticket == nil {
		t.Fatal("companytest: a fixture needs Company, Read, Expire, Ticket and two EVSEs")
	}
	return &bench{T: t, Fixture: f, ctx: t.Context(), base: f.Now().UTC().Truncate(time.Second).Add(24 * time.Hour)}
}

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// newVehicle is another one each time: one vehicle has one session.
func newVehicle() charging.VehicleID { return charging.VehicleID("EV-" + newUUID()) }

func newTrip() charging.TripID { return charging.TripID(newUUID()) }

// hold asks for [from, to) minutes after the bench's base time, for a new trip
// under a new id, as leg 2 without a ticket.
func (b *bench) hold(from, to int) charging.HoldRequest {
	return charging.HoldRequest{
		Ref: charging.Ref{
			ID: charging.ReservationID(newUUID()), TripID: newTrip(), Origin: b.Origin, EVSEID: b.EVSEs[0],
			End: b.base.Add(time.Duration(to) * time.Minute), Epoch: 1,
		},
		Leg: 2, Start: b.base.Add(time.Duration(from) * time.Minute), VehicleID: newVehicle(), TTL: ttl,
	}
}

// aged is hold with a ticket that is so old.
func (b *bench) aged(age time.Duration, from, to int) charging.HoldRequest {
	b.Helper()
	h := b.hold(from, to)
	h.Ticket = b.ticket(h.TripID, age)
	return h
}

func (b *bench) ticket(trip charging.TripID, age time.Duration) string {
	b.Helper()
	granted := time.Now().Add(-age)
	return b.Ticket(b.T, trip, granted, granted.Add(charging.TicketLife))
}

func again(h charging.HoldRequest) charging.HoldRequest {
	h.ID = charging.ReservationID(newUUID())
	return h
}

func (b *bench) reserve(h charging.HoldRequest) charging.Reservation {
	b.Helper()
	res, err := b.Company.Reserve(b.ctx, h)
	b.granted("reserve", h, res, err, charging.Pending)
	return res
}

func (b *bench) claim(h charging.HoldRequest) charging.Reservation {
	b.Helper()
	res, err := b.Company.Claim(b.ctx, h)
	b.granted("claim", h, res, err, charging.Claimed)
	return res
}

func (b *bench) confirm(h charging.HoldRequest) charging.Reservation {
	b.Helper()
	res, err := b.Company.Confirm(b.ctx, h.Ref)
	b.granted("confirm", h, res, err, charging.Reserved)
	return res
}

func (b *bench) compensate(h charging.HoldRequest) {
	b.Helper()
	res, err := b.Company.Compensate(b.ctx, h.Ref)
	if err != nil || res.State != charging.Canceled {
		b.Fatalf("compensate: %s, %v; want CANCELED", res.State, err)
	}
}

// reserved takes a window for good.
func (b *bench) reserved(h charging.HoldRequest) {
	b.Helper()
	b.reserve(h)
	b.confirm(h)
}

func (b *bench) granted(what string, h charging.HoldRequest, res charging.Reservation, err error, want charging.State) {
	b.Helper()
	switch {
	case err != nil:
		b.Fatalf("%s %s: %v; want %s", what, h.Window(), err, want)
	case res.State != want || res.ID != h.ID || res.TripID != h.TripID || res.EVSEID != h.EVSEID || !res.Window.Equal(h.Window()):
		b.Fatalf("%s: got %+v; want %s of the request %+v", what, res, want, h)
	case res.Fence <= 0:
		b.Fatalf("%s: fence %d", what, res.Fence)
	}
	if lives := want == charging.Claimed || want == charging.Pending; lives != (res.TTL > 0) {
		b.Fatalf("%s: TTL %s in %s", what, res.TTL, want)
	}
}

// refused checks the code and gives the refusal.
func (b *bench) refused(what string, err error, codes ...charging.Code) *charging.Refusal {
	b.Helper()
	for _, c := range codes {
		if charging.CodeOf(err) == c {
			return refusal(err)
		}
	}
	b.Fatalf("%s: %v; want %v", what, err, codes)
	return nil
}

func (b *bench) refuseReserve(h charging.HoldRequest, codes ...charging.Code) *charging.Refusal {
	b.Helper()
	_, err := b.Company.Reserve(b.ctx, h)
	return b.refused("reserve", err, codes...)
}

func (b *bench) refuseClaim(h charging.HoldRequest, codes ...charging.Code) *charging.Refusal {
	b.Helper()
	_, err := b.Company.Claim(b.ctx, h)
	return b.refused("claim", err, codes...)
}

func (b *bench) refuseConfirm(h charging.HoldRequest, codes ...charging.Code) *charging.Refusal {
	b.Helper()
	_, err := b.Company.Confirm(b.ctx, h.Ref)
	return b.refused("confirm", err, codes...)
}

// state checks a reservation's record.
func (b *bench) state(h charging.HoldRequest, want charging.State) {
	b.Helper()
	res, err := b.Read(b.ctx, h.ID)
	if err != nil || res.State != want {
		b.Fatalf("record of the reservation: %s, %v; want %s", res.State, err, want)
	}
}
