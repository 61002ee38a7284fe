package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/elsewhere"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// places are how many trips of each company a reader of a merged list has seen.
type places map[charging.CompanyID]int

// cursorOf reads the cursor of a merged list: where a page goes on at each company.
// INVALID_FIELD.
func cursorOf(c echo.Context) (places, error) {
	text := c.QueryParam("cursor")
	if text == "" {
		return places{}, nil
	}
	var at places
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &at)
	}
	for id, n := range at {
		if id.Validate() != nil || n < 0 || n > maxOffset {
			at = nil
		}
	}
	if err != nil || len(text) > 1024 || at == nil {
		return nil, charging.Invalid("cursor", "is none that this list gave; begin without it")
	}
	return at, nil
}

func (at places) cursor() string {
	raw, _ := json.Marshal(at) // plain names and numbers: never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

// tripsOfAll answers with a vehicle's trips of all companies, newest first. Each company
// is asked for the same page of what the caller asked for, from where the cursor is.
func (s *Server) tripsOfAll(c echo.Context, who identity.Caller, others []charging.CompanyID) error {
	p, err := pageOf(c)
	if err != nil {
		return err
	}
	at, err := cursorOf(c)
	if err != nil {
		return err
	}
	if p.offset+p.limit > maxLimit {
		return charging.Invalid("offset", "with limit is at most "+strconv.Itoa(maxLimit)+" in a list of all companies; follow the Link header's next instead")
	}
	parts, err := s.partsOf(c, who, others, at, p.offset+p.limit)
	if err != nil {
		return err
	}
	chosen := newest(parts, p.offset+p.limit, at)
	s.linkOfAll(c, p, others, parts, at)
	list := make([]json.RawMessage, 0, len(chosen))
	for _, i := range chosen[min(p.offset, len(chosen)):] {
		list = append(list, i.Raw)
	}
	return answer(c, http.StatusOK, list)
}

// partsOf reads each company's page, the own one first: what it refuses, all would.
func (s *Server) partsOf(c echo.Context, who identity.Caller, others []charging.CompanyID, at places, most int) (map[charging.CompanyID]elsewhere.Part, error) {
	page := func(of charging.CompanyID) url.Values {
		q := maps.Clone(c.QueryParams())
		delete(q, "cursor")
		q.Set("limit", strconv.Itoa(most))
		q.Set("offset", strconv.Itoa(at[of]))
		return q
	}
	r := c.Request().Clone(c.Request().Context())
	r.URL.RawQuery = page(s.o.Company).Encode()
	own, total, err := s.ownTrips(s.echo.NewContext(r, c.Response()), who)
	if err != nil {
		return nil, err
	}
	mine := elsewhere.Part{Total: total}
	for _, t := range own {
		raw, err := json.Marshal(t)
		if err != nil {
			return nil, err
		}
		mine.Items = append(mine.Items, elsewhere.Item{ID: t.ID, Created: t.CreatedAt.Truncate(time.Millisecond), Raw: raw}) // as others tell theirs
	}
	pages := map[charging.CompanyID]url.Values{}
	for _, other := range others {
		pages[other] = page(other)
	}
	parts, err := s.o.Elsewhere.List(c.Request().Context(), who, pages)
	if err != nil {
		return nil, err
	}
	parts[s.o.Company] = mine
	return parts, nil
}

// newest takes the newest of all parts, and moves the places by what was taken.
func newest(parts map[charging.CompanyID]elsewhere.Part, most int, at places) []elsewhere.Item {
	type placed struct {
		elsewhere.Item
		of charging.CompanyID
	}
	var all []placed
	for of, p := range parts {
		for _, i := range p.Items {
			all = append(all, placed{i, of})
		}
	}
	slices.SortFunc(all, func(a, b placed) int {
		if d := b.Created.Compare(a.Created); d != 0 {
			return d
		}
		return strings.Compare(string(b.ID), string(a.ID))
	})
	var chosen []elsewhere.Item
	for _, i := range all[:min(most, len(all))] {
		chosen = append(chosen, i.Item)
		at[i.of]++
	}
	return chosen
}

// at is a link to the page of a merged list that a cursor begins.
func (p page) at(c echo.Context, cursor, rel string) string {
	q := maps.Clone(c.QueryParams())
	delete(q, "offset")
	delete(q, "cursor")
	q.Set("limit", strconv.Itoa(p.limit))
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	return "<" + c.Request().URL.EscapedPath() + "?" + q.Encode() + `>; rel="` + rel + `"`
}

// linkOfAll says who is missing, how many there are where all are there, and where the
// next page begins.
func (s *Server) linkOfAll(c echo.Context, p page, others []charging.CompanyID, parts map[charging.CompanyID]elsewhere.Part, at places) {
	h, total, more := c.Response().Header(), 0, false
	for of, part := range parts {
		total += part.Total
		more = more || at[of] < part.Total
	}
	var silent []string
	for _, other := range others {
		if _, ok := parts[other]; !ok {
			silent = append(silent, string(other))
		}
	}
	if len(silent) > 0 {
		slices.Sort(silent)
		h.Set(api.SilentHeader, strings.Join(silent, ", "))
	} else {
		h.Set("X-Total-Count", strconv.Itoa(total))
	}
	links := []string{p.at(c, "", "first")}
	if more {
		links = append(links, p.at(c, at.cursor(), "next"))
	}
	h.Set("Link", strings.Join(links, ", "))
}
