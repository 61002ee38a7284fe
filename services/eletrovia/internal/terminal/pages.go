package terminal

import (
	"context"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// EveryOf reads all trips that a query wants of a server.
func EveryOf(server *client.Driver) func(context.Context, trip.Query) (client.TripPage, error) {
	return func(ctx context.Context, q trip.Query) (all client.TripPage, err error) {
		q.Limit = 500
		for page, err := range server.TripPages(ctx, q) {
			if err != nil {
				return all, err
			}
			all.Trips = append(all.Trips, page.Trips...)
			for _, id := range page.Silent {
				if !slices.Contains(all.Silent, id) {
					all.Silent = append(all.Silent, id)
				}
			}
		}
		return all, nil
	}
}
