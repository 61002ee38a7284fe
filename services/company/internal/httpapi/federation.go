package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// federationAPI is what peers ask of the company, and of the trips that began here. What
// they do with its EVSEs is reservationsAPI.
type federationAPI struct {
	self             charging.CompanyID
	name             string
	restURL, mqttURL string
	front            originator
	desk             offer
	identity         exchanger
	messages         Messages
	keys             func() json.RawMessage
	revoked          func(context.Context) ([]string, error)
	storeTime        func(context.Context) (time.Time, error)
	suspended        func(charging.CompanyID) string
}

func (a *federationAPI) routes(g *guards) []route {
	const one, vehicle = "/federation/v1/trips/:trip_id", "/federation/v1/vehicles/:vehicle_id"
	return []route{
		{get, "/federation/v1/company", g.peer(a.company)},
		{get, "/federation/v1/locations", g.peer(a.ownLocations)},
		{post, "/federation/v1/availability", g.peer(a.ownAvailability)},
		{post, vehicle + "/token", g.peer(a.exchange)},
		{post, vehicle + "/message", g.peer(a.peerMessage)},
		{get, one + "/outcome", g.peer(a.outcome)},
		{post, "/federation/v1/outcomes", g.peer(a.outcomes)},
		{get, "/federation/v1/promises", g.peer(a.promises)},
		{post, one + "/preempted", g.peer(a.preempted)},
		{post, one + "/changed", g.peer(a.changed)},
		{post, one + "/rearrange", g.peer(a.peerRearrange)},
	}
}

// company answers GET /federation/v1/company. The store's time is read last, so
// that it is as fresh as can be.
func (a *federationAPI) company(c echo.Context, _ charging.CompanyID) error {
	ctx := c.Request().Context()
	revoked, err := a.revoked(ctx)
	if err != nil {
		return err
	}
	if revoked == nil {
		revoked = []string{}
	}
	info := api.CompanyInfo{
		CompanyID: a.self, CountryCode: "BR", PartyID: string(a.self), Name: a.name, Versions: []string{"1"},
		RESTURL: a.restURL, MQTTURL: a.mqttURL, PublicKeys: a.keys(), RevokedVehicles: revoked,
	}
	now, err := a.storeTime(ctx)
	if err != nil {
		return err
	}
	info.Time = strconv.FormatInt(now.UnixMicro(), 10)
	return answer(c, http.StatusOK, info)
}

// ownLocations answers GET /federation/v1/locations: a page, under the version
// of the whole list.
func (a *federationAPI) ownLocations(c echo.Context, _ charging.CompanyID) error {
	p, err := pageOf(c)
	if err != nil {
		return err
	}
	all := a.desk.Locations(c.Request().Context())
	list := make([]json.RawMessage, len(all))
	version := sha256.New()
	for i, l := range all {
		if list[i], err = json.Marshal(api.LocationForPeers(l)); err != nil {
			return fmt.Errorf("location %s: %w", l.ID, err)
		}
		version.Write(list[i])
	}
	etag := `"` + hex.EncodeToString(version.Sum(nil)[:16]) + `"`
	h := c.Response().Header()
	h.Set("ETag", etag)
	h.Set("Cache-Control", "private, no-cache")
	if matches(c.Request().Header.Values("If-None-Match"), etag) {
		return c.NoContent(http.StatusNotModified)
	}
	p.link(c, len(all))
	return answer(c, http.StatusOK, slice(p, list))
}

// matches judges If-None-Match (RFC 9110 §13.1.2) by weak comparison.
func matches(lines []string, etag string) bool {
	for _, line := range lines {
		for tag := range strings.SplitSeq(line, ",") {
			tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
			if tag == etag || tag == "*" {
				return true
			}
		}
	}
	return false
}

// ownAvailability answers POST /federation/v1/availability.
func (a *federationAPI) ownAvailability(c echo.Context, _ charging.CompanyID) error {
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeAvailability(raw)
	if err != nil {
		return err
	}
	free, err := a.desk.Availability(c.Request().Context(), req.EVSEIDs, req.Window())
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.AvailabilityOf(free))
}

// outcome answers GET /federation/v1/trips/{trip_id}/outcome.
func (a *federationAPI) outcome(c echo.Context, peer charging.CompanyID) error {
	id, err := pathID[charging.TripID](c, "trip_id")
	if err != nil {
		return err
	}
	reservation, err := queryID[charging.ReservationID](c, "reservation_id")
	if err != nil {
		return err
	}
	out, err := a.front.Outcomes(c.Request().Context(), peer, []charging.Question{{TripID: id, ReservationID: reservation}})
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.OutcomeBody{Outcome: out[0]})
}

// outcomes answers POST /federation/v1/outcomes.
func (a *federationAPI) outcomes(c echo.Context, peer charging.CompanyID) error {
	raw, err := body(c)
	if err != nil {
		return err
	}
	about, err := api.DecodeOutcomes(raw)
	if err != nil {
		return err
	}
	out, err := a.front.Outcomes(c.Request().Context(), peer, about)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.OutcomesBody{Outcomes: out})
}

// preempted answers POST /federation/v1/trips/{trip_id}/preempted.
func (a *federationAPI) preempted(c echo.Context, peer charging.CompanyID) error {
	return a.notice(c, peer, api.DecodePreempted)
}

// changed answers POST /federation/v1/trips/{trip_id}/changed.
func (a *federationAPI) changed(c echo.Context, peer charging.CompanyID) error {
	return a.notice(c, peer, api.DecodeChanged)
}

func (a *federationAPI) notice(c echo.Context, peer charging.CompanyID, decode func(charging.TripID, []byte) (charging.Notice, error)) error {
	id, err := pathID[charging.TripID](c, "trip_id")
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	n, err := decode(id, raw)
	if err != nil {
		return err
	}
	if err := a.front.Notice(c.Request().Context(), peer, n); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// peerMessage answers POST /federation/v1/vehicles/{vehicle_id}/message.
func (a *federationAPI) peerMessage(c echo.Context, peer charging.CompanyID) error {
	v, err := pathID[charging.VehicleID](c, "vehicle_id")
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	m, err := api.DecodePeerMessage(raw, peer)
	if err != nil {
		return err
	}
	if why := a.suspended(peer); why != "" {
		return charging.Refuse(charging.CodeForbidden, string(a.self)+" has suspended "+string(peer)+" ("+why+"), and hands on nothing of it")
	}
	if err := a.messages.Receive(c.Request().Context(), v, m); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// peerRearrange answers POST /federation/v1/trips/{trip_id}/rearrange.
func (a *federationAPI) peerRearrange(c echo.Context, peer charging.CompanyID) error {
	id, err := pathID[charging.TripID](c, "trip_id")
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	q, err := api.DecodeRearrange(raw)
	if err != nil {
		return err
	}
	if why := a.suspended(peer); why != "" {
		return charging.Refuse(charging.CodeForbidden, string(a.self)+" has suspended "+string(peer)+" ("+why+"), and moves nothing by its word")
	}
	ctx, cancel := lasting(c)
	defer cancel()
	got, err := a.front.Rearrange(ctx, peer, id, q)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, got)
}

// promises answers GET /federation/v1/promises: what trips of this company hold
// at the caller's, who has lost its memory. A page ends where the Link header
// says; it may be empty and not the last.
func (a *federationAPI) promises(c echo.Context, peer charging.CompanyID) error {
	page, next, err := a.front.Promises(c.Request().Context(), peer, c.QueryParam("after"))
	if err != nil {
		return err
	}
	list := make([]api.Promise, len(page))
	for i, p := range page {
		list[i] = api.PromiseOf(p)
	}
	if next != "" {
		c.Response().Header().Set("Link", "<"+c.Request().URL.EscapedPath()+"?after="+url.QueryEscape(next)+`>; rel="next"`)
	}
	return answer(c, http.StatusOK, list)
}

// exchange answers POST /federation/v1/vehicles/{vehicle_id}/token.
func (a *federationAPI) exchange(c echo.Context, peer charging.CompanyID) error {
	id, err := pathID[charging.VehicleID](c, "vehicle_id")
	if err != nil {
		return err
	}
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeExchange(raw)
	if err != nil {
		return err
	}
	token, expires, err := a.identity.Exchange(c.Request().Context(), peer, id, req.Secret)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.Pass{Token: token, ExpiresAt: expires})
}
