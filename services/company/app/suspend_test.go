package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/store/embedded"
)

// asSER speaks to a server of MAR as SER does.
func asSER(t *testing.T, a *App) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{BaseURL: a.URL(), Token: client.Fixed("demo-SER"), Self: "SER", Peer: "MAR"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wish is a fresh hold of SER's at MAR, in the n-th hour from tomorrow.
func wish(t *testing.T, a *App, n int) charging.HoldRequest {
	t.Helper()
	start := time.Now().UTC().Truncate(time.Hour).Add(time.Duration(24+n) * time.Hour)
	return charging.HoldRequest{
		Ref: charging.Ref{
			ID: charging.ReservationID(fmt.Sprintf("0190a0c0-0000-7000-8000-%012d", n)), TripID: charging.TripID(fmt.Sprintf("0190a0c0-0000-7000-8001-%012d", n)),
			Origin: "SER", EVSEID: a.rooms.desk.Locations(t.Context())[0].EVSEs[0].ID, End: start.Add(time.Hour), Epoch: 1,
		},
		Leg: 2, Start: start, VehicleID: "EV-0001", TTL: 5 * time.Minute,
	}
}

// says is a Redis's answer to one command.
func says(t *testing.T, addr, command string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "%s\r\n", command); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// The faults: a suspension that the company's other server does not know, that ends with
// a restart or with the store's memory of it, that leaves a hold, or the broker open.
func TestASuspensionHoldsAtAllServersAndAfterARestart(t *testing.T) {
	redisServer, err := embedded.Open(t.Context(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = redisServer.Close(context.Background()) })
	keys := keyFiles(t, "a")("a")
	serve := func() *App {
		o := good()
		o.Store, o.KeyFile = Store{URL: "redis://" + redisServer.Addr()}, keys
		a, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stop(t, a) })
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		return a
	}
	first, second := serve(), serve()
	ctx := t.Context()
	held, booked := wish(t, first, 0), wish(t, first, 1)
	for _, h := range []charging.HoldRequest{held, booked} {
		if _, err := asSER(t, second).Reserve(ctx, h); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := asSER(t, second).Confirm(ctx, booked.Ref); err != nil {
		t.Fatal(err)
	}
	operator, err := client.NewDriver(client.DriverOptions{BaseURL: first.URL(), User: "operator", Secret: DemoSecret})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := operator.Suspend(ctx, "SER", api.SuspendRequest{Reason: "stamps of 1970"}); err != nil || got.Released > 1 || !got.Suspended {
		t.Fatalf("%+v, %v", got, err)
	}
	refused := func(a *App, n int, why string) {
		t.Helper()
		if _, err := asSER(t, a).Reserve(ctx, wish(t, a, n)); !errors.Is(err, charging.CodeForbidden) {
			t.Errorf("%s: %v, want FORBIDDEN", why, err)
		}
	}
	refused(first, 2, "at the server that was told")
	refused(second, 3, "at the other one, at once")
	until(t, "the other server knows it", func() bool {
		p := second.neighbours.peers()[0]
		return p.Suspended != nil && p.Suspended.Reason == "stamps of 1970"
	})
	if _, err := asSER(t, second).Confirm(ctx, held.Ref); charging.CodeOf(err) != charging.CodeAlreadyCompensated {
		t.Errorf("confirm of what was ended: %v", err)
	}
	if got, err := asSER(t, second).Reservation(ctx, booked.ID); err != nil || got.State != charging.Reserved {
		t.Errorf("what is RESERVED: %s, %v", got.State, err)
	}
	if _, ok := second.trust.login("SER", []byte("demo-SER")); ok || second.trust.stillGood(companyLogin+"SER") || !second.trust.stillGood(companyLogin+"CAJ") {
		t.Error("the broker is open to it, or closed to others")
	}

	if got := says(t, redisServer.Addr(), "DEL suspended"); got != ":1" {
		t.Fatalf("%s", got)
	}
	until(t, "what the store has lost is written again", func() bool { return says(t, redisServer.Addr(), "HEXISTS suspended SER") == ":1" })

	stop(t, first)
	stop(t, second)
	again := serve()
	refused(again, 4, "after a restart")
	if p := again.neighbours.peers()[0]; p.Suspended == nil {
		t.Errorf("after a restart: %+v", p)
	}
	operator, err = client.NewDriver(client.DriverOptions{BaseURL: again.URL(), User: "operator", Secret: DemoSecret})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := operator.Resume(ctx, "SER"); err != nil || got.Suspended {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := asSER(t, again).Reserve(ctx, wish(t, again, 5)); err != nil {
		t.Errorf("once it is resumed: %v", err)
	}
	if _, ok := again.trust.login("SER", []byte("demo-SER")); !ok {
		t.Error("the broker stays closed")
	}
}
