package desk

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Memory tells a store that remembers from one that has lost its memory
// (docs/adr/0005-a-store-that-forgot.md), and closes one that has until it has been recovered.
type Memory interface {
	// Durable reports whether a loss is noticed after a restart of this server.
	Durable() bool
	// Check answers the locations that have lost their memory or are being
	// recovered, and why, in words. STORE_UNAVAILABLE.
	Check(ctx context.Context) (lost []charging.LocationID, why string, err error)
	// Doubt closes what Check has found, for every server of the company.
	Doubt(ctx context.Context) error
	// Trust opens it again; refused when the memory was lost once more since.
	Trust(ctx context.Context) error
	// Restore brings back a stop as RESERVED. SLOT_TAKEN names the RESERVED in
	// its way; with yield the stop is then remembered as lost.
	Restore(ctx context.Context, loc charging.LocationID, p charging.Promise, noShow time.Duration, yield bool) (charging.Reservation, error)
}

// Witnesses are all companies whose trips may stop here, this one included.
type Witnesses interface {
	Companies() []charging.CompanyID
	// Promises is charging.Witness of one of them, about stops at this company.
	Promises(ctx context.Context, of charging.CompanyID, after string) (page []charging.Promise, next string, err error)
}

// RecoveryState says whether the store's memory is trusted.
type RecoveryState string

// The states of a store's memory.
const (
	Trusted RecoveryState = "trusted"
	// Recovering: nothing is granted until every originator has answered.
	Recovering RecoveryState = "recovering"
	// Accepted: opened by the operator's word; the silent are still asked.
	Accepted RecoveryState = "accepted"
)

// Recovery is what an operator sees of a loss of memory.
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

// recovery is the desk's part in getting its memory back. rounds lets one work
// at a time; mu guards what others read.
type recovery struct {
	rounds sync.Mutex
	heard  map[charging.CompanyID][]charging.Promise

	mu   sync.Mutex
	view Recovery
}

func (r *recovery) change(f func(*Recovery)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.view)
}

// Recovery tells whether the store's memory is trusted.
func (d *Desk) Recovery() Recovery {
	d.recovery.mu.Lock()
	defer d.recovery.mu.Unlock()
	v := d.recovery.view
	v.Waiting = append([]Waiting(nil), v.Waiting...)
	return v
}

// Remembers refuses while nothing may be granted. STORE_UNAVAILABLE.
func (d *Desk) Remembers() error {
	v := d.Recovery()
	if v.State != Recovering {
		return nil
	}
	return &charging.Refusal{Code: charging.CodeStoreUnavailable, Detail: d.lossOf(v), RetryAfter: d.o.MemoryEvery}
}

func (d *Desk) lossOf(v Recovery) string {
	names := make([]string, len(v.Waiting))
	for i, w := range v.Waiting {
		names[i] = string(w.Company)
	}
	s := fmt.Sprintf("the store of %s has lost its memory (%s): nothing is granted until the originators of trips have been asked", d.o.Company, v.Why)
	if len(names) > 0 {
		s += "; still waiting for " + strings.Join(names, ", ")
	}
	return s
}

// Recall looks at the store's memory for the first time, before anything is
// granted; a loss closes the desk. STORE_UNAVAILABLE.
func (d *Desk) Recall(ctx context.Context) error {
	if d.o.Memory == nil {
		return nil
	}
	d.recovery.rounds.Lock()
	defer d.recovery.rounds.Unlock()
	lost, why, err := d.o.Memory.Check(ctx)
	if len(lost) > 0 {
		d.close(why)
	}
	return err
}

// close begins a recovery, unless one is under way.
func (d *Desk) close(why string) {
	r := &d.recovery
	begun := false
	r.change(func(v *Recovery) {
		if v.State == Recovering {
			return
		}
		begun = true
		*v = Recovery{State: Recovering, Durable: v.Durable, Since: d.o.Now(), Why: why}
		for _, c := range d.o.Witnesses.Companies() {
			v.Waiting = append(v.Waiting, Waiting{Company: c})
		}
	})
	if begun {
		r.heard = map[charging.CompanyID][]charging.Promise{}
		d.o.Log("audit: "+d.lossOf(d.Recovery())+"; an operator can accept the loss", nil)
	}
}

// memoryRound looks at the store's memory, and works on getting it back.
func (d *Desk) memoryRound(ctx context.Context) {
	r := &d.recovery
	r.rounds.Lock()
	defer r.rounds.Unlock()
	lost, why, err := d.o.Memory.Check(ctx)
	if err != nil {
		d.trouble(ctx, "look at the store's memory", err)
	}
	switch {
	case len(lost) > 0:
		d.close(why)
		err = d.recover(ctx)
	case err != nil:
		return
	case d.Recovery().State == Recovering:
		d.reopened("another server of the company has recovered the store's memory", Trusted)
	case d.Recovery().State == Accepted:
		err = d.askLate(ctx)
	}
	if err != nil {
		d.trouble(ctx, "recover the store's memory; trying again", err)
	}
}

// recover asks who has not answered yet; once all have, it restores and opens.
func (d *Desk) recover(ctx context.Context) error {
	if err := d.o.Memory.Doubt(ctx); err != nil {
		return err
	}
	if d.hear(ctx); len(d.Recovery().Waiting) > 0 {
		return nil
	}
	return d.reopen(ctx)
}

// reopen restores what has been heard, and trusts the store again.
func (d *Desk) reopen(ctx context.Context) error {
	if err := d.restoreAll(ctx, d.takeHeard()); err != nil {
		return err
	}
	if err := d.o.Memory.Trust(ctx); err != nil {
		return err
	}
	d.reopened("the store's memory is recovered; what was out of service has to be taken out of service again", Accepted)
	return nil
}

// reopened ends a recovery; silent is the state in which those who have not
// answered leave it.
func (d *Desk) reopened(how string, silent RecoveryState) {
	clear(d.recovery.heard)
	var v Recovery
	d.recovery.change(func(now *Recovery) {
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
	d.o.Log(fmt.Sprintf("audit: %s: %d stops restored, %d lost, after %s", how, v.Restored, v.Conflicts, d.o.Now().Sub(v.Since).Round(time.Millisecond)), nil)
	d.Survey()
}

// AcceptLoss opens the store by the operator's word with what has been heard so
// far; who was silent is still asked, and what they say is restored where it is
// free. TOO_EARLY when nothing is lost, STORE_UNAVAILABLE.
func (d *Desk) AcceptLoss(ctx context.Context) error {
	r := &d.recovery
	r.rounds.Lock()
	defer r.rounds.Unlock()
	if d.Recovery().State != Recovering {
		return charging.Refuse(charging.CodeTooEarly, "the store of "+string(d.o.Company)+" has not lost its memory: there is nothing to accept")
	}
	if _, _, err := d.o.Memory.Check(ctx); err != nil {
		return err
	}
	if err := d.o.Memory.Doubt(ctx); err != nil {
		return err
	}
	return d.reopen(ctx)
}

// askLate asks those who were silent when the operator accepted the loss.
func (d *Desk) askLate(ctx context.Context) error {
	d.hear(ctx)
	if err := d.restoreAll(ctx, d.takeHeard()); err != nil {
		return err
	}
	if len(d.Recovery().Waiting) == 0 {
		d.reopened("everybody has answered after the loss was accepted", Trusted)
	}
	clear(d.recovery.heard)
	return nil
}
