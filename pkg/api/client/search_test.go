package client

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// All pages are read, each asked for by the cursor that the one before has given, with
// what is searched for; an error ends it.
func TestAllTrips(t *testing.T) {
	var asked []string
	status := http.StatusOK
	d := driver(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		if r.URL.Query().Get("cursor") == "" {
			w.Header().Set("Link", `</api/v1/trips?cursor=&limit=1>; rel="first", </api/v1/trips?cursor=17.b&limit=1>; rel="next"`)
		}
		answerJSON(w, status, []trip.Trip{{ID: charging.TripID("of " + r.URL.Query().Get("cursor"))}})
	})
	q := trip.Query{EVSEID: "BR*MAR*E0001*1", CompanyID: "MAR", Trouble: trip.InRetrying, Part: "abcd", From: time.Unix(0, 0), Limit: 1}
	var got []charging.TripID
	for one, err := range d.AllTrips(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, one.ID)
	}
	const search = "company_id=MAR&cursor=%s&evse_id=BR%%2AMAR%%2AE0001%%2A1&from=1970-01-01T00%%3A00%%3A00Z&id=abcd&limit=1&trouble=retrying"
	if len(got) != 2 || got[1] != "of 17.b" || len(asked) != 2 || asked[0] != fmt.Sprintf(search, "") || asked[1] != fmt.Sprintf(search, "17.b") {
		t.Errorf("%v, by %v", got, asked)
	}
	status = http.StatusForbidden
	n := 0
	for _, err := range d.AllTrips(t.Context(), q) {
		if n++; err == nil {
			t.Error("no error")
		}
	}
	if n != 1 {
		t.Errorf("%d errors", n)
	}
}
