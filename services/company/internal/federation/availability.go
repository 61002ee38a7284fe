package federation

import (
	"context"
	"slices"
	"sync"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Availability lists the free windows of EVSEs of any companies, all companies
// asked at once. What a company that fails was asked about is missing from the
// list, and the company is in the map with its error.
func (f *Federation) Availability(ctx context.Context, evses []charging.EVSEID, w charging.Window) ([]charging.Free, map[charging.CompanyID]error) {
	order, groups := byCompany(evses)
	lists := make([][]charging.Free, len(order))
	errs := make([]error, len(order))
	var wg sync.WaitGroup
	for i, c := range order {
		wg.Go(func() { lists[i], errs[i] = f.availabilityAt(ctx, c, groups[c], w) })
	}
	wg.Wait()
	var all []charging.Free
	missing := map[charging.CompanyID]error{}
	for i, c := range order {
		if errs[i] != nil {
			missing[c] = errs[i]
			continue
		}
		all = append(all, lists[i]...)
	}
	return all, missing
}

// byCompany sorts EVSEs by their company, the companies in the order of their first.
func byCompany(evses []charging.EVSEID) (order []charging.CompanyID, groups map[charging.CompanyID][]charging.EVSEID) {
	groups = map[charging.CompanyID][]charging.EVSEID{}
	for _, id := range evses {
		c := id.Company()
		if groups[c] == nil {
			order = append(order, c)
		}
		groups[c] = append(groups[c], id)
	}
	return order, groups
}

func (f *Federation) availabilityAt(ctx context.Context, id charging.CompanyID, evses []charging.EVSEID, w charging.Window) ([]charging.Free, error) {
	n, p, err := f.find(id)
	if err != nil {
		return nil, err
	}
	if p != nil && f.o.Suspended(id) != "" {
		return nil, nil
	}
	if p != nil {
		return p.availability(ctx, evses, w)
	}
	ctx, cancel := context.WithTimeout(ctx, f.o.ReadTimeout)
	defer cancel()
	return n.desk.Availability(ctx, evses, w)
}

// askAtOnce is how many EVSEs one request may name (openapi.yaml).
const askAtOnce = 500

func (p *peer) availability(ctx context.Context, evses []charging.EVSEID, w charging.Window) ([]charging.Free, error) {
	var all []charging.Free
	for part := range slices.Chunk(evses, askAtOnce) {
		list, err := call(ctx, p, p.f.o.ReadTimeout, "availability", func(ctx context.Context) ([]charging.Free, error) {
			return p.remote.Availability(ctx, part, w)
		})
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}
