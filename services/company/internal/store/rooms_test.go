package store_test

import (
	"github.com/eletrovia/eletrovia/services/company/internal/booking"
	"github.com/eletrovia/eletrovia/services/company/internal/desk"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
	"github.com/eletrovia/eletrovia/services/company/internal/trips"
)

// What the rooms above need of their store.
var (
	_ desk.Calendar     = (*store.Store)(nil)
	_ desk.LossDetector = (*store.Incarnation)(nil)
	_ booking.Journal   = (*store.Store)(nil)
	_ booking.Inbox     = (*store.Store)(nil)
	_ trips.Records     = (*store.Store)(nil)
)
