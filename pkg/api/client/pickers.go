package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/geo"
)

// Places are those that what is typed means, best first; 0 is the server's limit.
// INVALID_FIELD.
func (d *Driver) Places(ctx context.Context, typed string, limit int) ([]api.FoundPlace, error) {
	v := page(limit, 0)
	v.Set("q", typed)
	places, _, err := get[[]api.FoundPlace](ctx, d, "/api/v1/places?"+v.Encode())
	return places, err
}

// PlacesNear are those nearest to a point; 0 is the server's limit. INVALID_FIELD.
func (d *Driver) PlacesNear(ctx context.Context, p geo.Point, limit int) ([]api.FoundPlace, error) {
	v := page(limit, 0)
	for name, degrees := range map[string]float64{"lat": p.Lat, "lon": p.Lon} {
		v.Set(name, strconv.FormatFloat(degrees, 'f', -1, 64))
	}
	places, _, err := get[[]api.FoundPlace](ctx, d, "/api/v1/places/near?"+v.Encode())
	return places, err
}

// Models are those of cars that plans and vehicles can name, by id.
func (d *Driver) Models(ctx context.Context) ([]api.Model, error) {
	return everything[api.Model](ctx, d, "/api/v1/models")
}

// Me is the vehicle that calls, with what it last said of itself to the company.
func (d *Driver) Me(ctx context.Context) (api.Me, error) {
	me, _, err := get[api.Me](ctx, d, "/api/v1/vehicles/me")
	return me, err
}

// Sessions are the caller's open browser sessions, the newest first.
func (d *Driver) Sessions(ctx context.Context) ([]api.OpenSession, error) {
	return everything[api.OpenSession](ctx, d, "/api/v1/sessions")
}

// EndSession ends one of them by its listed id; none is no error. INVALID_FIELD.
func (d *Driver) EndSession(ctx context.Context, id string) error {
	_, err := d.do(ctx, call{method: http.MethodDelete, path: "/api/v1/sessions/" + url.PathEscape(id), ok: []int{204}})
	return err
}
