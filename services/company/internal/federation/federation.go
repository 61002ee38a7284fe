package federation

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Federation is this company and its peers. It is safe for use by many
// goroutines.
type Federation struct {
	o     Options
	peers map[charging.CompanyID]*peer
	order []*peer
	local atomic.Pointer[local]

	// mu guards what the peers and the catalogue know.
	mu  sync.Mutex
	own locationCache
}

// New makes a federation of peers. Attach the local company before the first
// call for it; Run it, so that peers are watched.
func New(o Options) (*Federation, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	f := &Federation{o: o, peers: map[charging.CompanyID]*peer{}}
	for _, c := range o.Peers {
		p := newPeer(f, c)
		var err error
		if p.remote, err = o.Dial(p.Peer); err != nil {
			return nil, fmt.Errorf("federation: peer %s at %s: %w", c.ID, c.BaseURL, err)
		}
		f.peers[c.ID] = p
		f.order = append(f.order, p)
	}
	return f, nil
}

// Attach gives the federation its local company: the desk, and who owns this
// company's trips. It comes after New because both need the federation.
func (f *Federation) Attach(desk Local, trips LocalTrips) {
	f.local.Store(&local{desk: desk, trips: trips, timeout: f.o.CallTimeout})
}

// Self is the id of the local company.
func (f *Federation) Self() charging.CompanyID { return f.o.Self }

// Company finds a company, local or remote. UNKNOWN_EVSE for one that is not part
// of the federation.
func (f *Federation) Company(id charging.CompanyID) (charging.Company, error) { return f.party(id) }

// Sessions finds the company whose EVSE a car plugs into. Refuses like Company.
func (f *Federation) Sessions(id charging.CompanyID) (charging.Sessions, error) { return f.party(id) }

// Garage finds the company at which a vehicle may charge. Refuses like Company.
func (f *Federation) Garage(id charging.CompanyID) (charging.Garage, error) { return f.party(id) }

// Others are all companies but the local one.
func (f *Federation) Others() []charging.CompanyID {
	ids := make([]charging.CompanyID, len(f.order))
	for i, p := range f.order {
		ids[i] = p.ID
	}
	return ids
}

// Originator finds the company that owns a trip. Refuses like Company.
func (f *Federation) Originator(id charging.CompanyID) (charging.Originator, error) {
	return f.party(id)
}

// party is all that a company is to another one, local and remote alike.
type party interface {
	charging.Company
	charging.Sessions
	charging.Garage
	charging.Mover
	charging.Reader
	charging.Originator
}

func (f *Federation) party(id charging.CompanyID) (party, error) {
	n, p, err := f.find(id)
	switch {
	case err != nil:
		return nil, err
	case p != nil:
		return p, nil
	}
	return n, nil
}

// find gives the local company or a peer, never both.
func (f *Federation) find(id charging.CompanyID) (*local, *peer, error) {
	if id == f.o.Self {
		if n := f.local.Load(); n != nil {
			return n, nil, nil
		}
		return nil, nil, &charging.Refusal{
			Code: charging.CodeStoreUnavailable, Detail: string(id) + " is still starting; repeat the request", RetryAfter: f.o.RetryEvery,
		}
	}
	if p := f.peers[id]; p != nil {
		return nil, p, nil
	}
	if len(id) > 8 {
		id = id[:8]
	}
	return nil, nil, charging.Refuse(charging.CodeUnknownEVSE, fmt.Sprintf("%q is no company of this federation", id))
}
