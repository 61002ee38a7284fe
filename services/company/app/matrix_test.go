package app

import (
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The classes of the matrix: what a route is to who asks. The body is empty and the
// ids are unknown, so that "in" is every answer but 401 and 403 (such as 404 of an
// unknown trip): who is let in is judged before what is asked.
const (
	forAll      = "open"     // in for everybody; wrong credentials are nobody's
	forKnown    = "known"    // vehicles and the operator; a company is told that it is in the wrong place
	forVehicle  = "vehicle"  // vehicles alone; the operator and companies 403
	forSelf     = "self"     // the route names a vehicle, here somebody else's
	forOwner    = "owner"    // likewise, and the operator may
	forOperator = "operator" // the operator alone; vehicles and companies 403
	forPeer     = "peer"     // companies alone; all others 401
	forSession  = "session"  // opens one for vehicles and the operator
	forAsking   = "asking"   // says to everybody who he is; wrong credentials 401
)

// answers says what each class answers to each kind of caller; 0 is "in".
var answers = map[string]map[string]int{
	forAll:      {},
	forKnown:    {asNobody: 401, asPeer: 403, asWrong: 401},
	forVehicle:  {asNobody: 401, asOperator: 403, asPeer: 403, asWrong: 401},
	forSelf:     {asNobody: 401, asVehicle: 403, asOperator: 403, asPeer: 403, asWrong: 401},
	forOwner:    {asNobody: 401, asVehicle: 403, asPeer: 403, asWrong: 401},
	forOperator: {asNobody: 401, asVehicle: 403, asPeer: 403, asWrong: 401},
	forPeer:     {asNobody: 401, asVehicle: 401, asOperator: 401, asWrong: 401},
	forSession:  {asNobody: 401, asPeer: 403, asWrong: 401},
	forAsking:   {asWrong: 401},
}

// row is what a route is to who asks; body is what is sent, where none would be
// refused before it is looked at who asks.
type row struct{ class, body string }

// rows says for every route whom it lets in. A new route is one line here; one without
// a line, or a line without a route, fails by its name.
var rows = map[string]row{
	"POST /api/v1/plans":                                {forAll, ""},
	"GET /api/v1/locations":                             {forAll, ""},
	"GET /api/v1/places":                                {forAll, ""},
	"GET /api/v1/places/near":                           {forAll, ""},
	"GET /api/v1/models":                                {forAll, ""},
	"GET /api/v1/evses/:evse_id/availability":           {forAll, ""},
	"POST /api/v1/vehicles":                             {forAll, ""},
	"POST /api/v1/trips":                                {forVehicle, ""},
	"GET /api/v1/trips":                                 {forKnown, ""},
	"GET /api/v1/trips/:trip_id":                        {forKnown, ""},
	"DELETE /api/v1/trips/:trip_id":                     {forKnown, ""},
	"POST /api/v1/trips/:trip_id/decision":              {forKnown, ""},
	"GET /api/v1/trips/:trip_id/alternatives":           {forKnown, ""},
	"POST /api/v1/trips/:trip_id/swap":                  {forKnown, ""},
	"GET /api/v1/trips/:trip_id/history":                {forKnown, ""},
	"GET /api/v1/events":                                {forKnown, ""},
	"GET /api/v1/reservations/:reservation_id/history":  {forKnown, ""},
	"GET /api/v1/vehicles/me":                           {forVehicle, ""},
	"POST /api/v1/vehicles/:vehicle_id/token":           {forSelf, `{"audience":"CAJ"}`},
	"POST /api/v1/vehicles/:vehicle_id/revoke":          {forOwner, `{"reason":"the matrix"}`},
	"POST /api/v1/session":                              {forSession, ""},
	"GET /api/v1/session":                               {forAsking, ""},
	"DELETE /api/v1/session":                            {forAll, ""},
	"GET /api/v1/sessions":                              {forKnown, ""},
	"DELETE /api/v1/sessions/:session_id":               {forKnown, ""},
	"POST /api/v1/invites":                              {forOperator, ""},
	"GET /api/v1/locks":                                 {forOperator, ""},
	"GET /api/v1/peers":                                 {forOperator, ""},
	"POST /api/v1/peers/:company_id/token":              {forOperator, ""},
	"POST /api/v1/peers/:company_id/suspend":            {forOperator, ""},
	"POST /api/v1/peers/:company_id/resume":             {forOperator, ""},
	"POST /api/v1/trips/:trip_id/retry":                 {forOperator, ""},
	"POST /api/v1/trips/:trip_id/resolve":               {forOperator, ""},
	"PUT /api/v1/evses/:evse_id/status":                 {forOperator, ""},
	"GET /api/v1/recovery":                              {forOperator, ""},
	"POST /api/v1/recovery/accept":                      {forOperator, ""},
	"GET /api/v1/inventory":                             {forOperator, ""},
	"POST /api/v1/inventory/reload":                     {forOperator, ""},
	"GET /federation/v1/company":                        {forPeer, ""},
	"GET /federation/v1/locations":                      {forPeer, ""},
	"POST /federation/v1/availability":                  {forPeer, ""},
	"POST " + reservationPath + "/reserve":              {forPeer, ""},
	"POST " + reservationPath + "/claim":                {forPeer, ""},
	"POST " + reservationPath + "/renew":                {forPeer, ""},
	"POST " + reservationPath + "/confirm":              {forPeer, ""},
	"POST " + reservationPath + "/compensate":           {forPeer, ""},
	"POST " + reservationPath + "/start":                {forPeer, ""},
	"POST " + reservationPath + "/move":                 {forPeer, ""},
	"POST " + reservationPath + "/complete":             {forPeer, ""},
	"GET " + reservationPath + "/ticket":                {forPeer, ""},
	"GET " + reservationPath:                            {forPeer, ""},
	"POST /federation/v1/vehicles/:vehicle_id/contest":  {forPeer, ""},
	"POST /federation/v1/vehicles/:vehicle_id/token":    {forPeer, ""},
	"GET /federation/v1/trips/:trip_id/outcome":         {forPeer, ""},
	"POST /federation/v1/outcomes":                      {forPeer, ""},
	"GET /federation/v1/promises":                       {forPeer, ""},
	"POST /federation/v1/trips/:trip_id/preempted":      {forPeer, ""},
	"POST /federation/v1/trips/:trip_id/changed":        {forPeer, ""},
	"POST /federation/v1/trips/:trip_id/rearrange":      {forPeer, ""},
	"GET /.well-known/jwks.json":                        {forAll, ""},
	"GET /healthz":                                      {forAll, ""},
	"GET /readyz":                                       {forAll, ""},
	"GET /metrics":                                      {forAll, ""},
	"GET /openapi.yaml":                                 {forAll, ""},
	"GET /asyncapi.yaml":                                {forAll, ""},
	"GET /docs":                                         {forAll, ""},
	"GET /problems":                                     {forAll, ""},
	"GET /problems/:code":                               {forAll, ""},
	"GET /favicon.ico":                                  {forAll, ""},
	"GET /":                                             {forAll, ""},
	"GET /assets/*":                                     {forAll, ""},
	"GET /ops":                                          {forAll, ""},
	"GET /ops/trips/:trip_id":                           {forAll, ""},
	"GET /stage":                                        {forAll, ""},
	"GET /api/v1/stage":                                 {forAll, ""},
	"POST /api/v1/stage":                                {forAll, ""},
	"GET /trips":                                        {forAll, ""},
	"GET /trips/:trip_id":                               {forAll, ""},
	"GET /api/v1/audit":                                 {forOperator, ""},
	"GET /api/v1/calendars":                             {forOperator, ""},
	"GET /api/v1/bookings":                              {forOperator, ""},
	"POST /api/v1/reservations/:reservation_id/cancel":  {forOperator, ""},
	"POST /api/v1/reservations/:reservation_id/release": {forOperator, ""},
	"POST /api/v1/reservations/:reservation_id/extend":  {forOperator, ""},
	"POST /api/v1/reservations/:reservation_id/move":    {forOperator, ""},
	"POST /api/v1/vehicles/:vehicle_id/cancel":          {forOperator, ""},
	"POST /api/v1/vehicles/:vehicle_id/message":         {forOperator, ""},
	"POST /federation/v1/vehicles/:vehicle_id/message":  {forPeer, ""},
	"POST /api/v1/vehicles/:vehicle_id/plug":            {forSelf, `{"evse_id":"BR*SER*E9999*1","soc":0.5}`},
	"POST /api/v1/vehicles/:vehicle_id/unplug":          {forSelf, `{"evse_id":"BR*SER*E9999*1","soc":0.5}`},
	"GET /api/v1/overview":                              {forOperator, ""},
	"GET /api/v1/broker":                                {forOperator, ""},
}

// rowOf is a route's row: HEAD lets in whom GET does.
func rowOf(name string) (row, bool) {
	if path, ok := strings.CutPrefix(name, "HEAD "); ok {
		name = "GET " + path
	}
	r, ok := rows[name]
	return r, ok
}

const (
	reservationPath = "/federation/v1/reservations/:reservation_id"
	unknownTrip     = "0199a2b3-6c00-7abc-8def-0123456789ab"
)

// parameters fill a route with what is well formed and unknown, or nobody's of those
// who ask.
var parameters = map[string]string{
	":trip_id": unknownTrip, ":reservation_id": "0199a2b3-6c00-7abc-8def-0123456789ac",
	":evse_id": "BR*SER*E9999*1", ":vehicle_id": "EV-0002", ":company_id": "MAR", ":code": "SLOT_TAKEN",
	":session_id": "0123456789abcdef", "*": "style.css",
}

var parameter = regexp.MustCompile(`:[a-z_]+|\*`)

// urlOf is where a route is asked.
func (m *matrix) urlOf(path string) string {
	return m.ser.URL() + parameter.ReplaceAllStringFunc(path, func(p string) string { return parameters[p] })
}

// knock asks, and gives the answer without its body: a stream is closed at once.
func (m *matrix) knock(method, url, authorization, body string) *http.Response {
	m.Helper()
	var sent io.Reader
	if body != "" {
		sent = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(m.Context(), method, url, sent)
	if err != nil {
		m.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		m.Fatal(err)
	}
	_ = resp.Body.Close() // the status is all that is asked
	return resp
}

// Every route of the running server × every identity: who is let in, who is unknown
// (401), who is known and may not (403). It fails where a guard lets in whom its class
// does not name, or keeps out whom it does, and where a route has no row.
func TestMatrixOfRoutes(t *testing.T) {
	m := newMatrix(t)
	served := slices.Sorted(slices.Values(m.ser.rooms.rest.Routes()))
	for _, name := range served {
		if _, ok := rowOf(name); !ok {
			t.Errorf("%s is served, and has no row in the matrix", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		if !slices.Contains(served, name) {
			t.Errorf("%s has a row in the matrix, and is not served", name)
		}
	}
	columns := m.callers()
	m.suspend()
	for _, name := range served {
		method, path, _ := strings.Cut(name, " ")
		r, _ := rowOf(name)
		for _, c := range columns {
			want := answers[r.class][c.is]
			got := m.knock(method, m.urlOf(path), c.authorization(), r.body).StatusCode
			if in := got != 401 && got != 403; got >= 500 || got == 429 || in != (want == 0) || !in && got != want {
				t.Errorf("%s as %s: %d, want %d (0 is in)", name, c.who, got, want)
			}
		}
	}
}

// Every route × every method that it does not have: 405, with those that it has, and
// for OPTIONS they alone, with nothing that would let in a page of another origin. It
// fails where a method reaches something, or Allow does not tell.
func TestMatrixOfMethods(t *testing.T) {
	m := newMatrix(t)
	served := m.ser.rooms.rest.Routes()
	for _, name := range served {
		method, path, _ := strings.Cut(name, " ")
		for _, verb := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
			if slices.Contains(served, verb+" "+path) {
				continue
			}
			resp := m.knock(verb, m.urlOf(path), caller{user: "operator", secret: m.ser.o.OperatorSecret}.authorization(), "")
			want := http.StatusMethodNotAllowed
			if verb == "OPTIONS" {
				want = http.StatusNoContent
			}
			if resp.StatusCode != want || !strings.Contains(resp.Header.Get("Allow"), method) || resp.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s: %d, Allow %q", verb, path, resp.StatusCode, resp.Header.Get("Allow"))
			}
		}
	}
}
