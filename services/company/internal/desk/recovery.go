package desk

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// LossDetector tells a store that has kept its data from one that has lost data
// (docs/adr/0005-a-store-that-forgot.md), and closes one that has until it has been recovered.
type LossDetector interface {
	// Durable reports whether a loss is noticed after a restart of this server.
	Durable() bool
	// Check answers the locations that have lost data or are being
	// recovered, and why, in words. STORE_UNAVAILABLE.
	Check(ctx context.Context) (lost []charging.LocationID, why string, err error)
	// BeginRecovery closes what Check has found, for every server of the company.
	BeginRecovery(ctx context.Context) error
	// EndRecovery opens it again; refused when data was lost once more since.
	EndRecovery(ctx context.Context) error
	// RestoreBooking brings back a stop as RESERVED. SLOT_TAKEN names the RESERVED in
	// its way; with yield the stop is then remembered as lost.
	RestoreBooking(ctx context.Context, loc charging.LocationID, p charging.Promise, noShow time.Duration, yield bool) (charging.Reservation, error)
}

// Witnesses are all companies whose trips may stop here, this one included.
type Witnesses interface {
	Companies() []charging.CompanyID
	// Promises is charging.Witness of one of them, about stops at this company.
	Promises(ctx context.Context, of charging.CompanyID, after string) (page []charging.Promise, next string, err error)
}

// RecoveryState says whether the store is trusted.
type RecoveryState string

// The states of a store.
const (
	Trusted RecoveryState = "trusted"
	// Recovering: nothing is granted until every originator has answered.
	Recovering RecoveryState = "recovering"
	// Accepted: opened by the operator's word; the silent are still asked.
	Accepted RecoveryState = "accepted"
)

// Recovery is what an operator sees of a loss of data.
type Recovery struct {
	State   RecoveryState
	Durable bool
	// Since and Why are of the present or the last loss; zero without one.
	Since time.Time
	Why   string
	// Waiting are those who have not answered.
	Waiting []Waiting
	// Restored counts the stops that are here again, Conflicts those that are
	// lost for good.
	Restored, Conflicts int
}

// Waiting is an originator that has not answered yet.
type Waiting struct {
	Company  charging.CompanyID
	Attempts int
	Detail   string
}

// dataLoss knows whether the store is trusted, and refuses while it is not.
type dataLoss struct {
	*ground
	mu   sync.Mutex
	seen Recovery
}

func newDataLoss(g *ground) *dataLoss {
	return &dataLoss{ground: g, seen: Recovery{State: Trusted, Durable: g.o.LossDetector != nil && g.o.LossDetector.Durable()}}
}

func (l *dataLoss) change(f func(*Recovery)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.seen)
}

// recovery is the desk's part in getting its data back. rounds lets one work
// at a time.
type recovery struct {
	*ground
	loss     *dataLoss
	outcomes *outcomes
	plugs    *plugs

	rounds sync.Mutex
	heard  map[charging.CompanyID][]charging.Promise
}

// Recovery tells whether the store is trusted.
func (d *Desk) Recovery() Recovery {
	return d.loss.view()
}

func (l *dataLoss) view() Recovery {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.seen
	v.Waiting = append([]Waiting(nil), v.Waiting...)
	return v
}

// DataLoss refuses while nothing may be granted. STORE_UNAVAILABLE.
func (d *Desk) DataLoss() error {
	return d.loss.refuse()
}

func (l *dataLoss) refuse() error {
	v := l.view()
	if v.State != Recovering {
		return nil
	}
	return &charging.Refusal{Code: charging.CodeStoreUnavailable, Detail: l.lossOf(v), RetryAfter: l.o.LossCheckEvery}
}

func (l *dataLoss) lossOf(v Recovery) string {
	names := make([]string, len(v.Waiting))
	for i, w := range v.Waiting {
		names[i] = string(w.Company)
	}
	s := fmt.Sprintf("the store of %s has lost its memory (%s): nothing is granted until the originators of trips have been asked", l.o.Company, v.Why)
	if len(names) > 0 {
		s += "; still waiting for " + strings.Join(names, ", ")
	}
	return s
}

// CheckForLoss looks for lost data for the first time, before anything is
// granted; a loss closes the desk. STORE_UNAVAILABLE.
func (d *Desk) CheckForLoss(ctx context.Context) error {
	return d.recovery.check(ctx)
}

func (rc *recovery) check(ctx context.Context) error {
	if rc.o.LossDetector == nil {
		return nil
	}
	rc.rounds.Lock()
	defer rc.rounds.Unlock()
	lost, why, err := rc.o.LossDetector.Check(ctx)
	if len(lost) > 0 {
		rc.close(why)
	}
	return err
}

// close begins a recovery, unless one is under way.
func (rc *recovery) close(why string) {
	begun := false
	rc.loss.change(func(v *Recovery) {
		if v.State == Recovering {
			return
		}
		begun = true
		*v = Recovery{State: Recovering, Durable: v.Durable, Since: rc.o.Now(), Why: why}
		for _, c := range rc.o.Witnesses.Companies() {
			v.Waiting = append(v.Waiting, Waiting{Company: c})
		}
	})
	if begun {
		rc.heard = map[charging.CompanyID][]charging.Promise{}
		rc.o.Log("audit: "+rc.loss.lossOf(rc.loss.view())+"; an operator can accept the loss", nil)
	}
}

// round looks for lost data, and works on getting it back.
func (rc *recovery) round(ctx context.Context) {
	rc.rounds.Lock()
	defer rc.rounds.Unlock()
	lost, why, err := rc.o.LossDetector.Check(ctx)
	if err != nil {
		rc.trouble(ctx, "look at the store's memory", err)
	}
	switch {
	case len(lost) > 0:
		rc.close(why)
		err = rc.recover(ctx)
	case err != nil:
		return
	case rc.loss.view().State == Recovering:
		rc.reopened("another server of the company has recovered the store's memory", Trusted)
	case rc.loss.view().State == Accepted:
		err = rc.askLate(ctx)
	}
	if err != nil {
		rc.trouble(ctx, "recover the store's memory; trying again", err)
	}
}

// recover asks who has not answered yet; once all have, it restores and opens.
func (rc *recovery) recover(ctx context.Context) error {
	if err := rc.o.LossDetector.BeginRecovery(ctx); err != nil {
		return err
	}
	if rc.hear(ctx); len(rc.loss.view().Waiting) > 0 {
		return nil
	}
	return rc.reopen(ctx)
}

// reopen restores what has been heard, and trusts the store again.
func (rc *recovery) reopen(ctx context.Context) error {
	if err := rc.restoreAll(ctx, rc.takeHeard()); err != nil {
		return err
	}
	if err := rc.o.LossDetector.EndRecovery(ctx); err != nil {
		return err
	}
	rc.reopened("the store's memory is recovered; what was out of service has to be taken out of service again", Accepted)
	return nil
}

// reopened ends a recovery; silent is the state in which those who have not
// answered leave it.
func (rc *recovery) reopened(how string, silent RecoveryState) {
	clear(rc.heard)
	var v Recovery
	rc.loss.change(func(now *Recovery) {
		if len(now.Waiting) > 0 {
			now.State = silent
		} else {
			now.State = Trusted
		}
		if now.State == Trusted {
			now.Waiting = nil
		}
		v = *now
	})
	rc.o.Log(fmt.Sprintf("audit: %s: %d stops restored, %d lost, after %s", how, v.Restored, v.Conflicts, rc.o.Now().Sub(v.Since).Round(time.Millisecond)), nil)
	rc.agendas.surveyAll()
}

// AcceptLoss opens the store by the operator's word with what has been heard so
// far; who was silent is still asked, and what they say is restored where it is
// free. TOO_EARLY when nothing is lost, STORE_UNAVAILABLE.
func (d *Desk) AcceptLoss(ctx context.Context) error {
	return d.recovery.acceptLoss(ctx)
}

func (rc *recovery) acceptLoss(ctx context.Context) error {
	rc.rounds.Lock()
	defer rc.rounds.Unlock()
	if rc.loss.view().State != Recovering {
		return charging.Refuse(charging.CodeTooEarly, "the store of "+string(rc.o.Company)+" has not lost its memory: there is nothing to accept")
	}
	if _, _, err := rc.o.LossDetector.Check(ctx); err != nil {
		return err
	}
	if err := rc.o.LossDetector.BeginRecovery(ctx); err != nil {
		return err
	}
	return rc.reopen(ctx)
}

// askLate asks those who were silent when the operator accepted the loss.
func (rc *recovery) askLate(ctx context.Context) error {
	rc.hear(ctx)
	if err := rc.restoreAll(ctx, rc.takeHeard()); err != nil {
		return err
	}
	if len(rc.loss.view().Waiting) == 0 {
		rc.reopened("everybody has answered after the loss was accepted", Trusted)
	}
	clear(rc.heard)
	return nil
}
