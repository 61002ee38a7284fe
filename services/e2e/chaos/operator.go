package chaos

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/history"
)

// operator takes EVSEs out of service for a while.
type operator struct {
	r   *run
	rng *rand.Rand
}

func newOperator(r *run) *operator { return &operator{r: r, rng: rand.New(rand.NewPCG(r.o.Seed, 9))} }

func (o *operator) work(ctx context.Context) {
	for {
		o.r.pause(ctx, time.Duration(2+o.rng.IntN(6))*time.Second)
		if ctx.Err() != nil {
			return
		}
		evse := o.choose()
		o.set(history.Withdraw, evse, api.EVSEStatusRequest{Status: charging.StatusOutOfOrder})
		o.r.pause(ctx, time.Duration(500+o.rng.IntN(2500))*time.Millisecond)
		for deadline := time.Now().Add(time.Minute); !o.set(history.Restore, evse, api.EVSEStatusRequest{Status: charging.StatusAvailable}); {
			if time.Now().After(deadline) {
				break
			}
			o.r.pause(context.Background(), 200*time.Millisecond)
		}
	}
}

// choose is an EVSE of the place where most drivers are, or one at which a car
// charges.
func (o *operator) choose() charging.EVSEID {
	if evse := o.r.charging(); evse != "" && o.rng.IntN(2) == 0 {
		return evse
	}
	return o.r.course.here().evse(o.rng)
}

// charging is an EVSE at which a car was last known to charge; empty for none.
func (r *run) charging() charging.EVSEID {
	r.mu.Lock()
	defer r.mu.Unlock()
	for evse := range r.atPlugs {
		return evse
	}
	return ""
}

func (o *operator) set(kind history.Kind, evse charging.EVSEID, q api.EVSEStatusRequest) bool {
	op := history.Op{Client: -1, Kind: kind, Company: evse.Company(), EVSE: evse, Call: o.r.rec.Now()}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	err := o.r.as(evse.Company(), "operator", fleet.OperatorSecret).SetEVSEStatus(ctx, evse, q)
	op.Answered, op.Code = answered(err)
	o.r.rec.Add(op)
	return op.OK()
}
