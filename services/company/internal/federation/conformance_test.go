package federation

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/charging/companytest"
	"github.com/eletrovia/eletrovia/services/company/internal/desk"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
	"github.com/eletrovia/eletrovia/services/company/internal/store/embedded"
)

const farSite = charging.LocationID("BR*MAR*LJPA01")

// The remote company passes what the local one passes: SER books at MAR over REST,
// through breaker and client, with tickets that CAJ has signed.
func TestAFarCompanyIsACompany(t *testing.T) {
	server, err := embedded.Open(t.Context(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close(context.Background()) })
	var n atomic.Int64
	companytest.Run(t, func(t *testing.T) companytest.Fixture {
		return farFixture(t, server.Addr(), fmt.Sprintf("f%d:", n.Add(1)))
	})
}

func farFixture(t *testing.T, addr, prefix string) companytest.Fixture {
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	s, err := store.Open(t.Context(), store.Options{URL: "redis://" + addr, Prefix: prefix, Civil: now, PoolSize: 16})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	mar, caj := newKeys(t), newKeys(t)
	terms := charging.Terms{NoShowTimeout: 20 * time.Minute, EarlyPlug: 10 * time.Minute, MaxAhead: 14 * 24 * time.Hour}
	plug := []charging.Connector{{ID: "1", Standard: "IEC_62196_T2_COMBO", PowerKW: 60, TariffID: "T1"}}
	far, err := desk.New(desk.Options{
		Company: "MAR", Calendar: s, Originators: undecided{}, Clock: now,
		Tickets: identity.NewTickets(mar, identity.NewRing("MAR", mar, published{"CAJ": caj}, nil, nil)),
		Locations: []charging.Location{{
			ID: farSite, Company: "MAR", Terms: terms, EVSEs: []charging.EVSE{{ID: "BR*MAR*E1*1", Connectors: plug}, {ID: "BR*MAR*E1*2", Connectors: plug}},
			Tariffs: []charging.Tariff{{ID: "T1", Currency: "BRL", PerKWh: 2, IdlePerMinute: 1, IdleGraceMinutes: 10}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(&counter{desk: far})
	t.Cleanup(web.Close)

	f, err := New(Options{
		Self: "SER", Peers: []Peer{{ID: "MAR", BaseURL: web.URL, Token: client.Fixed("demo-SER")}}, Dial: DialREST("SER", nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	company, err := f.Company("MAR")
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := f.Sessions("MAR")
	if err != nil {
		t.Fatal(err)
	}
	read, err := client.New(client.Options{BaseURL: web.URL, Token: client.Fixed("demo-SER"), Self: "SER", Peer: "MAR"})
	if err != nil {
		t.Fatal(err)
	}
	return companytest.Fixture{
		Company: company, Sessions: sessions, Read: read.Reservation,
		Origin: "SER", Other: "CAJ", EVSEs: []charging.EVSEID{"BR*MAR*E1*1", "BR*MAR*E1*2"}, Terms: terms, Owners: true, IdleGrace: 10 * time.Minute,
		Now:     now,
		Advance: func(_ *testing.T, d time.Duration) { ahead.Add(int64(d)) },
		Expire: func(t *testing.T, id charging.ReservationID) {
			res, err := s.Reservation(t.Context(), id, []charging.LocationID{farSite})
			if err != nil {
				t.Fatal(err)
			}
			deleteKey(t, addr, fmt.Sprintf("%slock:{%s}:%s:%s", prefix, farSite, res.EVSEID, id))
		},
		Ticket: func(t *testing.T, trip charging.TripID, granted, expires time.Time) string {
			token, err := identity.NewTickets(caj, nil).Issue(charging.Ticket{
				TripID: trip, Origin: "SER", Issuer: "CAJ", EVSEID: "BR*CAJ*E1*1",
				GrantedAt: strconv.FormatInt(granted.UnixMicro(), 10), Expires: expires,
			}, caj.KeyID())
			if err != nil {
				t.Fatal(err)
			}
			return token
		},
		Withdraw: func(t *testing.T, evse charging.EVSEID, reason string) {
			if _, err := far.Withdraw(t.Context(), evse, reason); err != nil {
				t.Fatal(err)
			}
		},
		Restore: func(t *testing.T, evse charging.EVSEID) {
			if err := far.ReturnToService(t.Context(), evse); err != nil {
				t.Fatal(err)
			}
		},
	}
}

func newKeys(t *testing.T) *identity.Keys {
	t.Helper()
	k, err := identity.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// published are the companies' public keys.
type published map[charging.CompanyID]*identity.Keys

func (p published) PublicKeys(_ context.Context, id charging.CompanyID) (json.RawMessage, error) {
	if k := p[id]; k != nil {
		return k.JWKS(), nil
	}
	return nil, identity.ErrUnknownCompany
}

// undecided is an originator whose trips are all in flight.
type undecided struct{}

func (u undecided) Originator(charging.CompanyID) (charging.Originator, error) { return u, nil }

func (undecided) Outcomes(_ context.Context, about []charging.Question) ([]charging.Outcome, error) {
	return slices.Repeat([]charging.Outcome{charging.OutcomePending}, len(about)), nil
}
func (undecided) Preempted(context.Context, charging.Notice) error { return nil }
func (undecided) Changed(context.Context, charging.Notice) error   { return nil }

// counter serves the reservations of the federation API from a desk, for the
// one caller SER.
type counter struct{ desk *desk.Desk }

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /federation/v1/reservations/{id}", func(w http.ResponseWriter, r *http.Request) {
		res, err := c.desk.Reservation(r.Context(), charging.ReservationID(r.PathValue("id")), "SER")
		reply(w, res, err)
	})
	mux.HandleFunc("POST /federation/v1/reservations/{id}/{action}", func(w http.ResponseWriter, r *http.Request) {
		res, err := c.act(r)
		reply(w, res, err)
	})
	mux.ServeHTTP(w, r)
}

func (c *counter) act(r *http.Request) (charging.Reservation, error) {
	var none charging.Reservation
	if r.Header.Get("Authorization") != "Bearer demo-SER" {
		return none, charging.Refuse(charging.CodeUnauthenticated, "who is this?")
	}
	id, action := charging.ReservationID(r.PathValue("id")), r.PathValue("action")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return none, err
	}
	switch action {
	case "reserve", "claim":
		decode, do := api.DecodeReserve, c.desk.Reserve
		if action == "claim" {
			decode, do = api.DecodeClaim, c.desk.Claim
		}
		h, err := decode(id, body)
		if err := mine(h.Origin, err); err != nil {
			return none, err
		}
		return do(r.Context(), h)
	case "renew":
		ref, ttl, err := api.DecodeRenew(id, body)
		if err := mine(ref.Origin, err); err != nil {
			return none, err
		}
		return c.desk.Renew(r.Context(), ref, ttl)
	case "move":
		m, err := api.DecodeMove(id, body)
		if err := mine(m.Origin, err); err != nil {
			return none, err
		}
		return c.desk.Move(r.Context(), m)
	case "complete":
		ref, l, err := api.DecodeComplete(id, body)
		if err := mine(ref.Origin, err); err != nil {
			return none, err
		}
		return c.desk.Complete(r.Context(), ref, l)
	case "start":
		ref, a, err := api.DecodeStart(id, body)
		if err := mine(ref.Origin, err); err != nil {
			return none, err
		}
		return c.desk.Start(r.Context(), ref, a)
	}
	ref, err := api.DecodeRef(id, body)
	if err := mine(ref.Origin, err); err != nil {
		return none, err
	}
	return map[string]func(context.Context, charging.Ref) (charging.Reservation, error){
		"confirm": c.desk.Confirm, "compensate": c.desk.Compensate,
	}[action](r.Context(), ref)
}

// mine refuses who acts in another company's name.
func mine(origin charging.CompanyID, err error) error {
	if err == nil && origin != "SER" {
		return charging.Refuse(charging.CodeForbidden, "origin is "+string(origin)+", the caller is SER")
	}
	return err
}

func reply(w http.ResponseWriter, res charging.Reservation, err error) {
	if err != nil {
		_ = api.FromErrorForPeer(err).Write(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if !res.Replay {
		w.WriteHeader(http.StatusCreated)
	}
	_ = json.NewEncoder(w).Encode(api.ReservationOf(res))
}

// deleteKey lets a hold lapse, as a person with redis-cli would: the lock is the
// hold.
func deleteKey(t *testing.T, addr, key string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "*2\r\n$3\r\nDEL\r\n$%d\r\n%s\r\n", len(key), key); err != nil {
		t.Fatal(err)
	}
	if answer, err := bufio.NewReader(c).ReadString('\n'); err != nil || answer != ":1\r\n" {
		t.Fatalf("DEL %s: %q, %v", key, answer, err)
	}
}
