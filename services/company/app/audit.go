package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/replicas"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// audit is the store's, and tells the operator's streams, here and at the company's
// other servers, of what it has kept.
type audit struct {
	store.Audit
	news *news
}

// Note keeps an act and tells of it.
func (u audit) Note(ctx context.Context, act charging.Act) error {
	if err := u.Audit.Note(ctx, act); err != nil {
		return err
	}
	now := time.Now()
	u.news.rooms.hub.Publish(trip.EventAudit, now, "", "", act)
	u.news.rooms.replicas.Tell(replicas.Message{Kind: replicas.Act, At: now}, act)
	return nil
}

// heardAct shows an act at another server of the company.
func (n *news) heardAct(m replicas.Message) {
	var act charging.Act
	if json.Unmarshal(m.Data, &act) == nil {
		n.rooms.hub.Publish(trip.EventAudit, m.At, "", "", act)
	}
}
