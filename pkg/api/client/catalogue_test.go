package client

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/legible"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

type netConn = net.Conn

func sites(n int) []api.Location {
	var all []api.Location
	for i := range n {
		all = append(all, api.Location{
			LocationID: charging.LocationID(fmt.Sprintf("BR*MAR*L%05d", i)), CompanyID: "MAR",
			EVSEs: []api.EVSE{{EVSEID: charging.EVSEID(fmt.Sprintf("BR*MAR*E%05d*1", i)), Status: charging.StatusAvailable}},
		})
	}
	return all
}

// catalogue serves locations by pages, under a version that each page may change.
func catalogue(all []api.Location, version func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		etag := version()
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		w.Header().Set("X-Total-Count", strconv.Itoa(len(all)))
		answerJSON(w, 200, all[min(offset, len(all)):min(offset+limit, len(all))])
	}
}

func TestLocationsAreReadByPages(t *testing.T) {
	c := peer(t, catalogue(sites(1203), func() string { return `"v1"` }))
	got, err := c.Locations(t.Context(), "")
	if err != nil || len(got.Locations) != 1203 || got.ETag != `"v1"` || got.NotModified {
		t.Fatalf("got %d, %q, %v", len(got.Locations), got.ETag, err)
	}
	if got.Locations[1202].ID != "BR*MAR*L01202" || got.Locations[1202].EVSEs[0].Status != charging.StatusAvailable {
		t.Errorf("got %+v", got.Locations[1202])
	}
	got, err = c.Locations(t.Context(), `"v1"`)
	if err != nil || !got.NotModified || len(got.Locations) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestACatalogueThatChangesIsReadAgain(t *testing.T) {
	n := 0
	c := peer(t, catalogue(sites(1203), func() string { n++; return strconv.Itoa(n) }))
	if _, err := c.Locations(t.Context(), ""); err == nil {
		t.Error("pages of two versions are no catalogue")
	}
}

// What one record says that cannot be true leaves out that record, not its
// neighbours: the second location is there whatever the first one says.
func TestIncredibleLocations(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*api.Location)
		sites  int
		evses  int
	}{
		"nothing":          {func(*api.Location) {}, 2, 2},
		"id":               {func(l *api.Location) { l.LocationID = "x" }, 1, 1},
		"another company":  {func(l *api.Location) { l.LocationID = "BR*SER*L00001" }, 1, 1},
		"latitude":         {func(l *api.Location) { l.Lat = 91 }, 1, 1},
		"EVSE of another":  {func(l *api.Location) { l.EVSEs[0].EVSEID = "BR*SER*E00001*1" }, 2, 1},
		"EVSE id":          {func(l *api.Location) { l.EVSEs[0].EVSEID = "{" }, 2, 1},
		"the other's EVSE": {func(l *api.Location) { l.EVSEs[0].EVSEID = "BR*MAR*E00001*1" }, 2, 1},
		"the other's id":   {func(l *api.Location) { l.LocationID = "BR*MAR*L00001" }, 1, 1},
		"too many EVSEs":   {func(l *api.Location) { l.EVSEs = slices.Repeat(l.EVSEs, 2000) }, 2, 2},
		"a wrong tariff":   {func(l *api.Location) { l.Tariffs = []api.Tariff{{PerKWh: -1}} }, 2, 2},
	} {
		all := sites(2)
		c.change(&all[0])
		var drops []api.Drop
		p := peer(t, catalogue(all, func() string { return "v" }))
		p.dropped = func(d api.Drop) { drops = append(drops, d) }
		got, err := p.Locations(t.Context(), "")
		evses := 0
		for _, l := range got.Locations {
			evses += len(l.EVSEs)
		}
		if err != nil || len(got.Locations) != c.sites || evses != c.evses || (len(drops) == 0) != (name == "nothing") {
			t.Errorf("%s: %d locations, %d EVSEs, %v; dropped %+v", name, len(got.Locations), evses, err, drops)
		}
	}
}

func TestCompanyIsWhoWasCalled(t *testing.T) {
	for id, ok := range map[charging.CompanyID]bool{"MAR": true, "SER": false, "": false, "<x>": false} {
		c := peer(t, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, 200, api.CompanyInfo{CompanyID: id}) })
		if _, err := c.Company(t.Context()); (err == nil) != ok {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestAvailability(t *testing.T) {
	w := charging.NewWindow(now, now.Add(time.Hour))
	ask := []charging.EVSEID{"BR*MAR*E0001*1"}
	for name, c := range map[string]struct {
		answer []api.Availability
		ok     bool
	}{
		"free":        {[]api.Availability{{EVSEID: ask[0], Windows: []charging.Window{w}}}, true},
		"never":       {[]api.Availability{{EVSEID: ask[0]}}, true},
		"not asked":   {[]api.Availability{{EVSEID: "BR*MAR*E0002*1"}}, false},
		"backwards":   {[]api.Availability{{EVSEID: ask[0], Windows: []charging.Window{{Start: w.End, End: w.Start}}}}, false},
		"another day": {[]api.Availability{{EVSEID: ask[0], Windows: []charging.Window{{Start: now.Add(24 * time.Hour), End: now.Add(25 * time.Hour)}}}}, false},
	} {
		p := peer(t, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, 200, c.answer) })
		free, err := p.Availability(t.Context(), ask, w)
		if err != nil || (len(free) == 1) != c.ok || c.ok && free[0].EVSEID != ask[0] {
			t.Errorf("%s: %v, %v", name, free, err)
		}
	}
}

// What a peer offers instead of what it refuses would be shown to our drivers; it
// is not passed on, and what the peer says is made legible, even as rubbish.
func TestAPeersRefusalIsTamed(t *testing.T) {
	for name, body := range map[string]string{
		"an offer": `{"type":"/problems/EVSE_OCCUPIED","title":"t","status":409,"code":"EVSE_OCCUPIED","detail":"\u001b[31mbusy\u202e",
			"alternatives":[{"leg":1,"label":"\u001b[31m"}]}`,
		"rubbish": `{"type":7}` + strings.Repeat("\x1b", 5000),
	} {
		c := peer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, body)
		})
		_, err := c.Confirm(t.Context(), charging.Ref{ID: "r"})
		var offer *trip.Offer
		if err == nil || errors.As(err, &offer) || legible.Check(err.Error(), maxTold) != nil {
			t.Errorf("%s: %v, offers %+v", name, err, offer)
		}
	}
}
