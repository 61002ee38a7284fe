package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/app"
)

// generated writes an inventory of n locations with four EVSEs each.
func generated(t testing.TB, company charging.CompanyID, n int) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "company: %s\nname: Generated\n", company)
	b.WriteString("terms: {noshow_timeout_minutes: 15, cancel_until_minutes: 30, early_plug_minutes: 10, max_days_ahead: 30}\n")
	b.WriteString("tariffs:\n  - {id: T1, currency: BRL, per_kwh: 2, per_session: 1}\nlocations:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - id: BR*%s*LG%05d\n    name: Site %d\n    city: Recife\n    state: PE\n    lat: -8.05\n    lon: -34.9\n    evses:\n", company, i, i)
		for plug := 1; plug <= 4; plug++ {
			fmt.Fprintf(&b, "      - id: BR*%s*E%05d*%d\n        connectors: [{id: \"1\", standard: IEC_62196_T2_COMBO, power_kw: 60, tariff_id: T1}]\n", company, i, plug)
		}
	}
	path := filepath.Join(t.TempDir(), "inventory.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// idle starts a server with n locations on a redis-server, and a peer that reads
// its catalogue, and gives a client of the Redis.
func idle(t testing.TB, n int) *redis.Client {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("needs redis-server")
	}
	apps := make([]*app.App, 0, 2)
	for _, o := range []app.Options{
		{Company: "MAR", Inventory: generated(t, "MAR", n), Store: app.Store{Kind: app.StoreRedis}},
		{Company: "SER", Store: app.Store{Kind: app.StoreMemory}},
	} {
		o.OperatorSecret, o.RateLimit = app.DemoSecret, -1
		a, err := app.New(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Listen(context.Background()); err != nil {
			t.Fatal(err)
		}
		apps = append(apps, a)
	}
	for i, a := range apps {
		b := apps[1-i]
		if err := a.SetPeers([]app.Peer{{ID: b.Company(), URL: b.URL()}}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			_ = a.Stop(ctx)
		})
		if err := a.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	c := redis.NewClient(&redis.Options{Addr: apps[0].StoreAddr()})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// calls counts the commands that a Redis has executed, those of scripts among
// them.
func calls(t testing.TB, c *redis.Client) int {
	t.Helper()
	n := 0
	for line := range strings.Lines(c.Info(context.Background(), "commandstats").Val()) {
		var got int
		name, rest, ok := strings.Cut(line, ":calls=")
		if _, err := fmt.Sscanf(rest, "%d", &got); ok && err == nil && name != "cmdstat_info" {
			n += got
		}
	}
	if n == 0 {
		t.Error("the Redis does not count its commands")
	}
	return n
}

// perSecond is the rate of commands over a span, after a wait.
func perSecond(t testing.TB, c *redis.Client, settle, span time.Duration) float64 {
	t.Helper()
	<-time.After(settle)
	before, began := calls(t, c), time.Now()
	<-time.After(span)
	return float64(calls(t, c)-before) / time.Since(began).Seconds()
}

// A server at rest asks its Redis as often with 300 locations as with 12.
// (Before, each location cost 9.3 commands a second.)
func TestIdleCostIsFlat(t *testing.T) {
	few, many := idle(t, 12), idle(t, 300)
	a, b := make(chan float64, 1), make(chan float64, 1)
	go func() { a <- perSecond(t, few, 8*time.Second, 6*time.Second) }()
	go func() { b <- perSecond(t, many, 8*time.Second, 6*time.Second) }()
	less, more := <-a, <-b
	t.Logf("%.1f commands a second with 12 locations, %.1f with 300", less, more)
	if more >= 2*less {
		t.Errorf("%.1f commands a second with 12 locations, %.1f with 300", less, more)
	}
}

// BenchmarkIdle counts the Redis commands a second of a server that has nothing
// to do: go test ./services/e2e -run '^$' -bench Idle -benchtime 1x
func BenchmarkIdle(b *testing.B) {
	for _, n := range []int{12, 1000, 4000} {
		b.Run(fmt.Sprintf("%dlocations", n), func(b *testing.B) {
			c := idle(b, n)
			for b.Loop() {
				b.ReportMetric(perSecond(b, c, 30*time.Second, 10*time.Second), "commands/s")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
