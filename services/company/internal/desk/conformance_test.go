package desk

import (
	"context"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/charging/companytest"
)

func TestCompanyInMemory(t *testing.T) {
	companytest.Run(t, func(t *testing.T) companytest.Fixture {
		w := newWorld(t, nil)
		w.run(t)
		return companytest.Fixture{
			Company: w, Sessions: w,
			Read: func(ctx context.Context, id charging.ReservationID) (charging.Reservation, error) {
				return w.Reservation(ctx, id, "SER")
			},
			Origin: "SER", Other: "CAJ", EVSEs: []charging.EVSEID{evse1, evse2}, Terms: testTerms, Owners: true,
			Now:     w.now,
			Advance: func(_ *testing.T, d time.Duration) { w.advance(d) },
			Expire:  func(_ *testing.T, id charging.ReservationID) { w.cal.expire(id) },
			Ticket:  paperTicket,
			Withdraw: func(t *testing.T, evse charging.EVSEID, reason string) {
				if _, err := w.Withdraw(t.Context(), evse, reason); err != nil {
					t.Fatal(err)
				}
			},
			Restore: func(t *testing.T, evse charging.EVSEID) {
				if err := w.Restore(t.Context(), evse); err != nil {
					t.Fatal(err)
				}
			},
			Told: func(t *testing.T, n int) []charging.Notice {
				for range n {
					select {
					case <-w.them.delivery:
					case <-time.After(5 * time.Second):
						t.Fatalf("waited in vain; heard %+v", w.them.heard())
					}
				}
				return w.them.heard()
			},
		}
	})
}
