package fleet

import (
	"context"
	"fmt"
	"sync"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// chargers are the locations of the whole federation, read once, when the first
// car has a stop.
type chargers struct {
	load func(context.Context) ([]api.Location, error)

	mu   sync.Mutex
	byID map[charging.EVSEID]api.Location
}

// location finds where an EVSE stands. It repeats until the companies answer or
// ctx ends.
func (c *chargers) location(ctx context.Context, id charging.EVSEID) (api.Location, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := 0; c.byID == nil; n++ {
		list, err := c.load(ctx)
		if err == nil {
			c.byID = map[charging.EVSEID]api.Location{}
			for _, l := range list {
				for _, e := range l.EVSEs {
					c.byID[e.EVSEID] = l
				}
			}
			break
		}
		if pause(ctx, backoff(n)) != nil {
			return api.Location{}, fmt.Errorf("reading the locations: %w", err)
		}
	}
	l, ok := c.byID[id]
	if !ok {
		return l, fmt.Errorf("no company has %s", id)
	}
	return l, nil
}

// beside is another EVSE of the same location, if there is one that is not among
// those left out.
func (c *chargers) beside(ctx context.Context, id charging.EVSEID, without map[charging.EVSEID]bool) (charging.EVSEID, bool) {
	site, err := c.location(ctx, id)
	if err != nil {
		return "", false
	}
	for _, e := range site.EVSEs {
		if e.EVSEID != id && !without[e.EVSEID] {
			return e.EVSEID, true
		}
	}
	return "", false
}
