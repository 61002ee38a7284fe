package httpapi

import (
	"context"
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
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/elsewhere"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// places are where a reader of a merged list is at each company: the cursor there of the
// last trip that was shown of it.
type places map[charging.CompanyID]string

// placesOf reads the cursor of a merged list. INVALID_FIELD.
func placesOf(c echo.Context) (places, error) {
	text := c.QueryParam("cursor")
	if text == "" {
		return places{}, nil
	}
	var at places
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &at)
	}
	for id := range at {
		if id.Validate() != nil {
			at = nil
		}
	}
	if err != nil || len(text) > 1024 || at == nil {
		return nil, charging.Invalid("cursor", "is none that this list gave; begin without it")
	}
	return at, nil
}

func (at places) cursor() string {
	raw, _ := json.Marshal(at) // plain texts: never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

// tripsOfAll answers with a vehicle's trips of all companies, newest first. Each company
// is asked for the same page of what the caller asked for, from where the cursor is.
func (a *tripsAPI) tripsOfAll(c echo.Context, who identity.Caller, others []charging.CompanyID) error {
	at, err := placesOf(c)
	if err != nil {
		return err
	}
	q, p, err := queryOf(c, who)
	if err != nil {
		return err
	}
	if p.offset+p.limit > maxLimit {
		return charging.Invalid("offset", "with limit is at most "+strconv.Itoa(maxLimit)+" in a list of all companies; follow the Link header's next instead")
	}
	parts, err := a.partsOf(c, who, q, others, at)
	if err != nil {
		return err
	}
	chosen, more := newest(parts, p.offset+p.limit, at)
	a.linkOfAll(c, p, others, parts, at, more)
	list := make([]json.RawMessage, 0, len(chosen))
	for _, i := range chosen[min(p.offset, len(chosen)):] {
		list = append(list, i.Raw)
	}
	return answer(c, http.StatusOK, list)
}

// partsOf reads each company's page, the own one first: what it refuses, all would. By
// offset each is read from its newest trip on.
func (a *tripsAPI) partsOf(c echo.Context, who identity.Caller, q trip.Query, others []charging.CompanyID, at places) (map[charging.CompanyID]elsewhere.Part, error) {
	ctx, most := c.Request().Context(), q.Offset+q.Limit
	own := q
	own.Limit, own.Offset, own.After = most, 0, at[a.self]
	mine, err := a.ownPart(ctx, who, own, byCursor(c))
	if err != nil {
		return nil, err
	}
	pages := map[charging.CompanyID]url.Values{}
	for _, other := range others {
		page := maps.Clone(c.QueryParams())
		delete(page, "offset")
		page.Set("limit", strconv.Itoa(most))
		if byCursor(c) {
			page.Set("cursor", at[other])
		}
		pages[other] = page
	}
	parts, err := a.elsewhere.List(ctx, who, pages)
	if err != nil {
		return nil, err
	}
	parts[a.self] = mine
	return parts, nil
}

// ownPart is this company's page, as others tell theirs.
func (a *tripsAPI) ownPart(ctx context.Context, who identity.Caller, q trip.Query, cursor bool) (elsewhere.Part, error) {
	own, err := a.ownTrips(ctx, who, q, cursor)
	if err != nil {
		return elsewhere.Part{}, err
	}
	mine := elsewhere.Part{Total: own.total, More: own.next != "" || own.total > len(own.trips)}
	for _, t := range own.trips {
		raw, err := json.Marshal(t)
		if err != nil {
			return mine, err
		}
		mine.Items = append(mine.Items, elsewhere.Item{ID: t.ID, Created: t.CreatedAt.Truncate(time.Millisecond), Raw: raw})
	}
	return mine, nil
}

// newest takes the newest of all parts, and moves the places to what was taken; more is
// true where something is left.
func newest(parts map[charging.CompanyID]elsewhere.Part, most int, at places) (chosen []elsewhere.Item, more bool) {
	type placed struct {
		elsewhere.Item
		of charging.CompanyID
	}
	var all []placed
	for of, p := range parts {
		more = more || p.More
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
	for _, i := range all[:min(most, len(all))] {
		chosen = append(chosen, i.Item)
		at[i.of] = trip.PageAfter(i.Created, i.ID)
	}
	return chosen, more || len(all) > most
}

// at is a link to the page of a merged list that a cursor begins.
func (p page) at(c echo.Context, cursor, rel string) string {
	q := maps.Clone(c.QueryParams())
	delete(q, "offset")
	delete(q, "cursor")
	q.Set("limit", strconv.Itoa(p.limit))
	if cursor != "" || rel == "first" && byCursor(c) {
		q.Set("cursor", cursor)
	}
	return "<" + c.Request().URL.EscapedPath() + "?" + q.Encode() + `>; rel="` + rel + `"`
}

// linkOfAll says who is missing, how many there are where all are there, and where the
// next page begins.
func (a *tripsAPI) linkOfAll(c echo.Context, p page, others []charging.CompanyID, parts map[charging.CompanyID]elsewhere.Part, at places, more bool) {
	h, total := c.Response().Header(), 0
	for _, part := range parts {
		total += part.Total
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
	} else if !byCursor(c) {
		h.Set("X-Total-Count", strconv.Itoa(total))
	}
	links := []string{p.at(c, "", "first")}
	if more {
		links = append(links, p.at(c, at.cursor(), "next"))
	}
	h.Set("Link", strings.Join(links, ", "))
}
