package companytest

import "github.com/eletrovia/eletrovia/pkg/charging"

var ownerTests = []test{
	{"a lower epoch is refused, with the one seen (row 9)", func(b *bench) {
		h := b.hold(0, 60)
		h.Epoch = 3
		b.reserve(h)
		stale := h.Ref
		stale.Epoch = 2
		calls := map[string]func() error{
			"reserve": func() error {
				late := again(h)
				late.Epoch, late.Start, late.End = 2, h.End, h.End.Add(h.Window().Duration())
				_, err := b.Company.Reserve(b.ctx, late)
				return err
			},
			"renew":      func() error { _, err := b.Company.Renew(b.ctx, stale, ttl); return err },
			"confirm":    func() error { _, err := b.Company.Confirm(b.ctx, stale); return err },
			"compensate": func() error { _, err := b.Company.Compensate(b.ctx, stale); return err },
		}
		for name, call := range calls {
			if r := refusal(call()); r.Code != charging.CodeStaleOwner || r.SeenEpoch != 3 {
				b.Errorf("%s with epoch 2 after 3: %+v, want STALE_OWNER that has seen 3", name, r)
			}
		}
		b.state(h, charging.Pending)
		b.confirm(h)
	}},
	{"a higher epoch takes over", func(b *bench) {
		h := b.hold(0, 60)
		b.reserve(h)
		h.Epoch = 2
		b.confirm(h)
		h.Epoch = 1
		_, err := b.Company.Compensate(b.ctx, h.Ref)
		b.refused("compensate by the former owner", err, charging.CodeStaleOwner)
		h.Epoch = 2
		b.compensate(h)
	}},
	{"an early compensate raises the epoch too", func(b *bench) {
		h := b.hold(0, 60)
		h.Epoch = 5
		b.compensate(h)
		late := again(h)
		late.Epoch = 4
		b.refuseReserve(late, charging.CodeStaleOwner)
	}},
	{"epochs belong to one trip", func(b *bench) {
		h := b.hold(0, 60)
		h.Epoch = 7
		b.reserve(h)
		b.reserve(b.hold(60, 120))
	}},
	{"an equal epoch of another owner is refused", func(b *bench) {
		if !b.Owners {
			b.Skip("owners do not reach this company")
		}
		h := b.hold(0, 60)
		h.Owner = "replica-1"
		b.reserve(h)
		theirs := h.Ref
		theirs.Owner = "replica-2"
		_, err := b.Company.Confirm(b.ctx, theirs)
		if r := b.refused("confirm", err, charging.CodeStaleOwner); r.SeenEpoch != 1 {
			b.Errorf("seen_epoch %d, want 1", r.SeenEpoch)
		}
		theirs.Epoch = 2
		if _, err := b.Company.Confirm(b.ctx, theirs); err != nil {
			b.Errorf("confirm with a raised epoch: %v", err)
		}
		_, err = b.Company.Compensate(b.ctx, h.Ref)
		b.refused("compensate by the first owner", err, charging.CodeStaleOwner)
	}},
}
