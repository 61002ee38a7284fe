package federation

import (
	"context"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Companies lists everybody whose trips may stop here: this company and its peers.
func (f *Federation) Companies() []charging.CompanyID {
	all := []charging.CompanyID{f.o.Self}
	for _, p := range f.order {
		all = append(all, p.ID)
	}
	return all
}

// Promises asks a company what its trips hold at this one, a page at a time: see
// charging.Witness. STORE_UNAVAILABLE, PEER_UNAVAILABLE.
func (f *Federation) Promises(ctx context.Context, of charging.CompanyID, after string) ([]charging.Promise, string, error) {
	n, p, err := f.find(of)
	if err != nil {
		return nil, "", err
	}
	if p == nil {
		return n.trips.Promises(ctx, f.o.Self, after)
	}
	type page struct {
		list []charging.Promise
		next string
	}
	got, err := call(ctx, p, f.o.ReadTimeout, "promises", func(ctx context.Context) (page, error) {
		list, next, err := p.remote.Promises(ctx, f.o.Self, after)
		return page{list, next}, err
	})
	return got.list, got.next, err
}
