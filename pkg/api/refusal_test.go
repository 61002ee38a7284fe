package api

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/problem"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// over sends an error through HTTP and back.
func over(t *testing.T, p problem.Problem) *charging.Refusal {
	t.Helper()
	rec := httptest.NewRecorder()
	if err := p.Write(rec); err != nil {
		t.Fatal(err)
	}
	back, err := problem.Parse(rec.Result())
	if err != nil {
		t.Fatal(err)
	}
	return ToRefusal(back)
}

func TestEveryCodeSurvivesTheWire(t *testing.T) {
	for _, code := range charging.Codes() {
		want := &charging.Refusal{
			Code: code, Detail: "what happened", SeenEpoch: 4, RetryAfter: 2 * time.Second,
			Fields: []charging.FieldError{{Field: "a", Reason: "b"}},
			Conflict: &charging.Conflict{
				EVSEID: "BR*MAR*E0001*1", State: charging.Reserved, Window: charging.NewWindow(now, now.Add(time.Hour)),
				GrantedAt: "17", TripID: tripID, ReservationID: rsvID, Origin: "SER", Own: true,
			},
		}
		got := over(t, FromErrorForPeer(fmt.Errorf("reserve: %w", want)))
		if !reflect.DeepEqual(got, want) || !errors.Is(got, code) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

// TestAnOfferSurvivesTheWire: what a driver at an occupied plug may take instead
// is in the problem, and back in the error at the other end.
func TestAnOfferSurvivesTheWire(t *testing.T) {
	want := &trip.Offer{
		Refusal:      charging.Refuse(charging.CodeEVSEOccupied, "another car is there"),
		Alternatives: []trip.Alternative{{ID: "a1", Leg: 2, CompanyID: "SER", EVSEID: "BR*SER*E0001*1", Start: now, End: now.Add(time.Hour), LaterStops: []trip.MovedStop{}}},
	}
	p := FromError(fmt.Errorf("plug: %w", want))
	if p.Status != 409 || p.Code != string(charging.CodeEVSEOccupied) || !strings.Contains(string(p.Alternatives), `"alternative_id":"a1"`) {
		t.Errorf("got %+v", p)
	}
	var back *trip.Offer
	if err := ToError(p); !errors.As(err, &back) || !reflect.DeepEqual(back, want) || !errors.Is(err, charging.CodeEVSEOccupied) {
		t.Errorf("back %+v", back)
	}
	for _, none := range []error{&trip.Offer{Refusal: want.Refusal}, want.Refusal} {
		if p := FromError(none); p.Alternatives != nil || errors.As(ToError(p), &back) {
			t.Errorf("%v offers %s", none, p.Alternatives)
		}
	}
	if err := ToError(problem.Internal()); err != nil {
		t.Errorf("%v", err)
	}
}

func TestTablesAgree(t *testing.T) {
	kinds, codes := problem.Kinds(), charging.Codes()
	if len(kinds) != len(codes) {
		t.Fatalf("%d kinds, %d codes", len(kinds), len(codes))
	}
	for i := range kinds {
		if kinds[i].Code != string(codes[i]) {
			t.Errorf("row %d: %s, %s", i, kinds[i].Code, codes[i])
		}
	}
}

func TestADriverDoesNotLearnWho(t *testing.T) {
	p := FromError(&charging.Refusal{Code: charging.CodeSlotTaken, Conflict: &charging.Conflict{
		EVSEID: "BR*MAR*E0001*1", Settled: true, TripID: tripID, ReservationID: rsvID, Origin: "SER",
	}})
	if c := string(p.Conflict); strings.Contains(c, "0199a2b3") || strings.Contains(c, "SER") || !strings.Contains(c, `"settled":true`) {
		t.Errorf("conflict %s", c)
	}
}

func TestErrorsThatAreNoRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		code   charging.Code
	}{
		"bug":        {errors.New("secret of the inside"), 500, ""},
		"a code":     {charging.CodeUnknownTrip, 404, charging.CodeUnknownTrip},
		"deadline":   {fmt.Errorf("x: %w", context.DeadlineExceeded), 503, charging.CodeStoreUnavailable},
		"connection": {fmt.Errorf("x: %w", &url.Error{Op: "Post", URL: "http://10.0.0.7/secret", Err: errors.New("refused")}), 503, charging.CodePeerUnavailable},
		"odd code":   {charging.Refuse("ODD", "secret"), 500, ""},
	} {
		p := FromError(c.err)
		if p.Status != c.status || p.Code != string(c.code) || strings.Contains(p.Detail, "secret") {
			t.Errorf("%s: got %+v", name, p)
		}
		if p.Status == 503 && p.RetryAfter == 0 {
			t.Errorf("%s: no Retry-After", name)
		}
	}
	if ToRefusal(problem.Internal()) != nil || ToRefusal(problem.Problem{Code: "NEW_CODE"}) != nil {
		t.Error("a problem without a code of the table is no refusal")
	}
}
