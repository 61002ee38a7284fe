package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// company answers GET /federation/v1/company. The store's time is read last, so
// that it is as fresh as can be.
func (s *Server) company(c echo.Context, _ charging.CompanyID) error {
	ctx := c.Request().Context()
	revoked, err := s.o.Revoked(ctx)
	if err != nil {
		return err
	}
	if revoked == nil {
		revoked = []string{}
	}
	info := api.CompanyInfo{
		CompanyID: s.o.Company, CountryCode: "BR", PartyID: string(s.o.Company), Name: s.o.Name, Versions: []string{"1"},
		RESTURL: s.o.RESTURL, MQTTURL: s.o.MQTTURL, PublicKeys: s.o.PublicKeys(), RevokedVehicles: revoked,
	}
	now, err := s.o.StoreTime(ctx)
	if err != nil {
		return err
	}
	info.Time = strconv.FormatInt(now.UnixMicro(), 10)
	return answer(c, http.StatusOK, info)
}

// jwks answers GET /.well-known/jwks.json: the keys with which this company signs.
func (s *Server) jwks(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "max-age=60")
	return answer(c, http.StatusOK, s.o.PublicKeys())
}

// ownLocations answers GET /federation/v1/locations: a page, under the version
// of the whole list.
func (s *Server) ownLocations(c echo.Context, _ charging.CompanyID) error {
	p, err := pageOf(c)
	if err != nil {
		return err
	}
	all := s.o.Desk.Locations(c.Request().Context())
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
func (s *Server) ownAvailability(c echo.Context, _ charging.CompanyID) error {
	raw, err := body(c)
	if err != nil {
		return err
	}
	req, err := api.DecodeAvailability(raw)
	if err != nil {
		return err
	}
	free, err := s.o.Desk.Availability(c.Request().Context(), req.EVSEIDs, req.Window())
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.AvailabilityOf(free))
}

// outcome answers GET /federation/v1/trips/{trip_id}/outcome.
func (s *Server) outcome(c echo.Context, peer charging.CompanyID) error {
	id, err := pathID[charging.TripID](c, "trip_id")
	if err != nil {
		return err
	}
	reservation, err := queryID[charging.ReservationID](c, "reservation_id")
	if err != nil {
		return err
	}
	out, err := s.o.FrontDesk.Outcomes(c.Request().Context(), peer, []charging.Question{{TripID: id, ReservationID: reservation}})
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.OutcomeBody{Outcome: out[0]})
}

// outcomes answers POST /federation/v1/outcomes.
func (s *Server) outcomes(c echo.Context, peer charging.CompanyID) error {
	raw, err := body(c)
	if err != nil {
		return err
	}
	about, err := api.DecodeOutcomes(raw)
	if err != nil {
		return err
	}
	out, err := s.o.FrontDesk.Outcomes(c.Request().Context(), peer, about)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, api.OutcomesBody{Outcomes: out})
}

// preempted answers POST /federation/v1/trips/{trip_id}/preempted.
func (s *Server) preempted(c echo.Context, peer charging.CompanyID) error {
	return s.notice(c, peer, api.DecodePreempted)
}

// changed answers POST /federation/v1/trips/{trip_id}/changed.
func (s *Server) changed(c echo.Context, peer charging.CompanyID) error {
	return s.notice(c, peer, api.DecodeChanged)
}

func (s *Server) notice(c echo.Context, peer charging.CompanyID, decode func(charging.TripID, []byte) (charging.Notice, error)) error {
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
	if err := s.o.FrontDesk.Notice(c.Request().Context(), peer, n); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
