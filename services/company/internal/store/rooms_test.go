package store_test

import (
	"github.com/eletrovia/eletrovia/services/company/internal/desk"
	"github.com/eletrovia/eletrovia/services/company/internal/saga"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
	"github.com/eletrovia/eletrovia/services/company/internal/trips"
)

// What the rooms above need of their store.
var (
	_ desk.Calendar = (*store.Store)(nil)
	_ desk.Memory   = (*store.Mark)(nil)
	_ saga.Journal  = (*store.Store)(nil)
	_ trips.Records = (*store.Store)(nil)
)
