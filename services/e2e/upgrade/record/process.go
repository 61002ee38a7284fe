package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eletrovia/eletrovia/services/e2e/upgrade/fixture"
)

// operatorSecret and tokenOf are throwaway: nothing of a recording is used but
// in tests.
const operatorSecret = "recorded"

func tokenOf(company string) string { return "token-of-" + company }

// holdTTL is longer than the server's default, so that holds outlive the loading
// of a recording on a busy machine.
const holdTTL = 90 * time.Second

// fleet is three companies: a redis-server and an eletrovia serve each, with a
// gate from each company to each other one.
type fleet struct {
	ctx     context.Context
	program string
	dir     string
	gates   *gates
	company map[string]*company
}

type company struct {
	id, dir          string
	store            *exec.Cmd
	storeAddr        string
	server           *exec.Cmd
	rest, mqtt       string // host:port
	operator, nobody rest
}

func newFleet(ctx context.Context, program, dir string) *fleet {
	f := &fleet{ctx: ctx, program: program, dir: dir, company: map[string]*company{}}
	f.gates = newGates(f.addr)
	return f
}

func (f *fleet) addr(id string) string { return f.company[id].rest }

// start starts the stores, then the servers, and waits until all know each other.
func (f *fleet) start() {
	for _, id := range fixture.Companies {
		c := &company{id: id, dir: filepath.Join(f.dir, id), storeAddr: freeAddr()}
		check(os.MkdirAll(c.dir, 0o700))
		f.company[id] = c
		f.startStore(c)
	}
	for _, id := range fixture.Companies {
		check(os.WriteFile(f.company[id].file(fixture.InventoryFile), inventory(id), 0o600))
		f.startServer(f.company[id])
	}
	for _, id := range fixture.Companies {
		f.until(id+" knows its peers", func() bool {
			var peers []struct {
				Locations int `json:"locations"`
			}
			_, err := f.company[id].operator.get(f.ctx, "/api/v1/peers", &peers)
			return err == nil && len(peers) == 2 && peers[0].Locations > 0 && peers[1].Locations > 0
		})
	}
}

func (c *company) file(name string) string { return filepath.Join(c.dir, name) }

func freeAddr() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer l.Close()
	return l.Addr().String()
}

func (f *fleet) startStore(c *company) {
	_, port, _ := net.SplitHostPort(c.storeAddr)
	c.store = exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", c.dir, "--save", "",
		"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction", "--logfile", c.file("redis.log"))
	check(c.store.Start())
	rdb := c.redis()
	defer rdb.Close()
	f.until("the store of "+c.id+" answers", func() bool { return rdb.Ping(f.ctx).Err() == nil })
}

func (c *company) redis() *redis.Client { return redis.NewClient(&redis.Options{Addr: c.storeAddr}) }

func (f *fleet) startServer(c *company) {
	args := []string{
		"serve", "--json", "--log-level", "warn", "--company", c.id, "--config", c.file(fixture.InventoryFile),
		"--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--store", "redis://" + c.storeAddr, "--data", c.dir,
		"--rate-limit", "-1", "--hold-ttl", holdTTL.String(),
	}
	env := append(os.Environ(), "ELETROVIA_OPERATOR_SECRET="+operatorSecret)
	for _, id := range fixture.Companies {
		env = append(env, "ELETROVIA_TOKEN_"+id+"="+tokenOf(id))
		if id != c.id {
			args = append(args, "--peer", id+"="+f.gates.url(c.id, id))
		}
	}
	log, err := os.Create(c.file("server.log"))
	check(err)
	c.server = exec.Command(f.program, args...)
	c.server.Env, c.server.Stderr = env, log
	said, err := c.server.StdoutPipe()
	check(err)
	check(c.server.Start())
	var ready struct{ REST, HTTP, MQTT string }
	if err := json.NewDecoder(said).Decode(&ready); err != nil {
		raw, _ := os.ReadFile(log.Name())
		check(fmt.Errorf("%s does not start: %w: %s", c.id, err, raw))
	}
	c.rest = strings.TrimPrefix(ready.REST, "http://")
	c.mqtt = strings.TrimPrefix(ready.MQTT, "tcp://")
	c.nobody = rest{base: "http://" + c.rest}
	c.operator = rest{base: c.nobody.base, user: "operator", secret: operatorSecret}
}

// kill kills all servers and answers the instant. From then on nothing passes a
// gate.
func (f *fleet) kill() time.Time {
	f.gates.shut()
	var all sync.WaitGroup
	for _, c := range f.company {
		all.Go(func() { _ = c.server.Process.Kill(); _ = c.server.Wait() })
	}
	all.Wait()
	at := time.Now().UTC().Truncate(time.Second)
	for _, c := range f.company {
		c.server = nil
	}
	return at
}

// restartStores kills the stores, too, and lets them read what is on their disks.
func (f *fleet) restartStores() {
	for _, c := range f.company {
		check(c.store.Process.Kill())
		_ = c.store.Wait()
		f.startStore(c)
	}
}

func (f *fleet) close() {
	f.gates.close()
	for _, c := range f.company {
		for _, p := range []*exec.Cmd{c.server, c.store} {
			if p != nil && p.Process != nil {
				_ = p.Process.Kill()
				_ = p.Wait()
			}
		}
	}
}

// until polls a condition that no event announces.
func (f *fleet) until(what string, ok func() bool) {
	for deadline := time.Now().Add(5 * time.Minute); !ok(); {
		select {
		case <-f.ctx.Done():
			check(fmt.Errorf("%s: %w", what, f.ctx.Err()))
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			check(fmt.Errorf("never: %s", what))
		}
	}
}

// inventory is a company's locations at recording. CAJ takes a car that has not
// come for a no-show after two minutes, so that one need not be waited for long.
func inventory(id string) []byte {
	raw, err := os.ReadFile(filepath.Join("services/company/internal/inventory", strings.ToLower(id)+".yaml"))
	check(err)
	if id != "CAJ" {
		return raw
	}
	const had, want = "noshow_timeout_minutes: 15", "noshow_timeout_minutes: 2"
	if bytes.Count(raw, []byte(had)) != 1 {
		check(fmt.Errorf("the inventory of %s has no %q any more", id, had))
	}
	return bytes.Replace(raw, []byte(had), []byte(want), 1)
}
