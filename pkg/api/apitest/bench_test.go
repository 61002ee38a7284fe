package apitest

import (
	"net/http"
	"net/url"
	"testing"
)

// What it costs to judge an answer of a usual size, a trip with three stops.
func BenchmarkCheck(b *testing.B) {
	leg := `{"leg":1,"reservation_id":"01a226dc-11b8-71da-b49b-2c289bc5304e","company_id":"MAR","evse_id":"BR*MAR*E0028*1","start":"2026-11-30T13:02:35Z","end":"2026-11-30T13:32:07Z","state":"RESERVED","fence":1795948286395924,"attempts":2,"energy_kwh":35.08,"price":73.42,"drive_minutes":182.6}`
	a := Answer{
		Method: "GET", URL: &url.URL{Path: "/api/v1/trips/01a226dc-11b8-71da-b49b-2c289bc5304e"}, Status: 200,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body: []byte(`{"trip_id":"01a226dc-11b8-71da-b49b-2c289bc5304e","state":"CONFIRMED","vehicle_id":"EV-0001","origin_company":"MAR","on_conflict":"ask","legs":[` +
			leg + "," + leg + "," + leg + `],"created_at":"2026-11-29T13:02:35Z","updated_at":"2026-11-29T13:02:35Z"}`),
	}
	for b.Loop() {
		if err := Load().Check(a); err != nil {
			b.Fatal(err)
		}
	}
}
