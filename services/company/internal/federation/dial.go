package federation

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// DialREST makes clients that speak the federation API as self, over one shared
// http.Client; nil is client.NewHTTP(nil).
func DialREST(self charging.CompanyID, shared *http.Client) func(Peer) (Remote, error) {
	if shared == nil {
		shared = client.NewHTTP(nil)
	}
	return func(p Peer) (Remote, error) {
		c, err := client.New(client.Options{BaseURL: p.BaseURL, Token: p.Token, Self: self, Peer: p.ID, HTTP: shared, Dropped: p.Dropped})
		if err != nil {
			return nil, err
		}
		return rest{c}, nil
	}
}

// rest is the REST client in the form that a federation needs.
type rest struct{ *client.Client }

func (r rest) Info(ctx context.Context) (Info, error) {
	c, err := r.Company(ctx)
	if err != nil {
		return Info{}, err
	}
	info := Info{
		ID: c.CompanyID, Name: c.Name, REST: c.RESTURL, MQTT: c.MQTTURL, Keys: c.PublicKeys, Revoked: c.RevokedVehicles, Versions: c.Versions,
	}
	if us, err := strconv.ParseInt(c.Time, 10, 64); err == nil && us > 0 {
		info.Time = time.UnixMicro(us)
	}
	return info, nil
}

func (r rest) Locations(ctx context.Context, etag string) ([]charging.Location, string, bool, error) {
	c, err := r.Client.Locations(ctx, etag)
	return c.Locations, c.ETag, !c.NotModified, err
}
