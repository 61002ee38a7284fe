package app

import (
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

func good() Options {
	return Options{
		Company: "MAR", OperatorSecret: DemoSecret, Vehicles: map[charging.VehicleID]string{"EV-0001": DemoSecret},
		Peers: []Peer{{ID: "SER", URL: "http://127.0.0.1:2", Token: "demo-MAR", Accept: "demo-SER"}},
	}
}

// exposed is a good configuration of a server that strangers can reach.
func exposed(o *Options) {
	o.HTTPAddr, o.OperatorSecret, o.Vehicles = "0.0.0.0:0", "a long enough secret", nil
	o.Peers[0].Token, o.Peers[0].Accept = "what we present to SER", "what SER presents here"
}

func TestValidate(t *testing.T) {
	cases := []struct {
		name   string
		change func(*Options)
		says   string // empty: good
	}{
		{"demo on loopback", func(*Options) {}, ""},
		{"exposed with secrets", exposed, ""},
		{"no company", func(o *Options) { o.Company = "" }, "company"},
		{"no party id", func(o *Options) { o.Company = "Maré" }, "company_id"},
		{"address", func(o *Options) { o.MQTTAddr = "1883" }, "MQTT address"},
		{"advertised address", func(o *Options) { o.AdvertiseHTTP = "mar:8080" }, "advertised REST address"},
		{"store kind", func(o *Options) { o.Store.Kind = "etcd" }, "auto, redis-server or memory"},
		{"two stores", func(o *Options) { o.Store.URL, o.Store.Dir = "redis://127.0.0.1:1", "x" }, "exclude each other"},
		{"own peer", func(o *Options) { o.Peers[0].ID = "MAR" }, "is this company"},
		{"peer address", func(o *Options) { o.Peers[0].URL = "ser:8080" }, "http://host:port"},
		{"peer without token", func(o *Options) { o.Peers[0].Accept = "" }, "two tokens"},
		{"half a certificate", func(o *Options) { o.TLS.HTTPCert = "x.pem" }, "certificate and key"},
		{"speed", func(o *Options) { o.Clock.Speed = -2 }, "speed"},
		{"speed without epoch", func(o *Options) { o.Clock.Speed = 60 }, "epoch"},
		{"recovery longer than the TTL", func(o *Options) { o.Timings.Lease = 30 * time.Second }, "must be longer than lease + poll"},
		{"TTL beyond the longest hold", func(o *Options) { o.Timings.HoldTTL = time.Hour }, "longest life"},
		{"exposed by MQTT with the demo's secrets", func(o *Options) { o.MQTTAddr = "0.0.0.0:0" }, "operator's secret is a default"},
		{"exposed without an operator's secret", func(o *Options) { exposed(o); o.OperatorSecret = "" }, "operator's secret is empty"},
		{"exposed with a demo vehicle", func(o *Options) {
			exposed(o)
			o.Vehicles = map[charging.VehicleID]string{"EV-0001": DemoSecret}
		}, "vehicle EV-0001"},
		{"exposed with a demo token", func(o *Options) { exposed(o); o.Peers[0].Accept = "demo-SER" }, "accept from SER"},
		{"exposed by name", func(o *Options) { exposed(o); o.HTTPAddr = "example.org:80"; o.OperatorSecret = "short" }, "5 characters"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := good()
			c.change(&o)
			err := o.Validate()
			switch {
			case c.says == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("got %v, want a line with %q", err, c.says)
			}
		})
	}
}

func TestNewReadsTheInventory(t *testing.T) {
	a, err := New(good())
	if err != nil {
		t.Fatal(err)
	}
	if s := a.Status(); s.Name != "Maré Volt" || s.EVSEs < 20 || s.Locations == 0 {
		t.Errorf("status %+v", s)
	}
	for name, change := range map[string]func(*Options){
		"none of the demo's": func(o *Options) { o.Company = "XYZ" },
		"no such file":       func(o *Options) { o.Inventory = "nowhere.yaml" },
		"another company":    func(o *Options) { o.Inventory = "../internal/inventory/caj.yaml" },
	} {
		o := good()
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	o := good()
	o.Company, o.Inventory = "", "../internal/inventory/mar.yaml"
	if a, err := New(o); err != nil || a.Company() != "MAR" {
		t.Errorf("the file says who this is: %v", err)
	}
}

func TestClock(t *testing.T) {
	if d := time.Since(Clock{}.Now()); d.Abs() > time.Second {
		t.Errorf("the zero clock is off by %s", d)
	}
	epoch := time.Now().Add(-time.Hour)
	c := Clock{Epoch: epoch, Speed: 60}
	ahead := c.Now().Sub(epoch)
	if ahead < 60*time.Hour || ahead > 61*time.Hour {
		t.Errorf("an hour at speed 60 is %s", ahead)
	}
	if d := c.Until(c.Now().Add(time.Hour)); d < 59*time.Second || d > 61*time.Second {
		t.Errorf("a civil hour at speed 60 takes %s", d)
	}
}

func TestHostsOf(t *testing.T) {
	for url, want := range map[string]string{
		"redis://user:secret@host:6379/0":   "host:6379",
		"redis+sentinel://a:1,b:2/master/0": "a:1,b:2",
		"redis://host:6379":                 "host:6379",
	} {
		if got := hostsOf(url); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}
