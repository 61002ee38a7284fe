package chaos

import (
	"context"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/e2e/chaos/fleet"
)

// shows gives what a company would show to a peer, as its operator may have it made.
func (r *run) shows(company, peer charging.CompanyID) func() (string, error) {
	return func() (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		defer cancel()
		t, err := r.as(company, "operator", fleet.OperatorSecret).PeerToken(ctx, peer)
		return t.Token, err
	}
}
