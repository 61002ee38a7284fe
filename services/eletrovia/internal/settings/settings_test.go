package settings

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/eletrovia/eletrovia/services/company/app"
)

// read is what serve makes of an environment and flags.
func read(t *testing.T, environ []string, args ...string) (app.Options, error) {
	t.Helper()
	var s Settings
	f := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	s.Define(f, environ)
	if err := f.Parse(args); err != nil {
		t.Fatal(err)
	}
	return s.Options(f)
}

// Two thumbprints.
const (
	print1 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	print2 = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA"
)

// The environment of a compose file: one for all three computers but for the
// company's name.
var shared = []string{
	"ELETROVIA_COMPANY=MAR", "ELETROVIA_REDIS=redis://redis:6379", "ELETROVIA_HTTP=0.0.0.0:8080", "ELETROVIA_MQTT=:1883",
	"ELETROVIA_DATA=/data", "ELETROVIA_OPERATOR_SECRET=op", "ELETROVIA_KEY_SER=" + print1 + ", " + print2,
	"ELETROVIA_URL_MAR=http://mar:8080", "ELETROVIA_URL_SER=http://ser:8080", "ELETROVIA_URL_CAJ=http://caj:8080",
	"ELETROVIA_MQTT_MAR=tcp://mar:1883", "ELETROVIA_MQTT_SER=tcp://ser:1883", "ELETROVIA_WS=", "PATH=/bin",
}

func TestEnvironment(t *testing.T) {
	o, err := read(t, shared)
	if err != nil {
		t.Fatal(err)
	}
	want := []app.Peer{
		{ID: "CAJ", URL: "http://caj:8080"},
		{ID: "SER", URL: "http://ser:8080", MQTT: "tcp://ser:1883", Keys: []string{print1, print2}},
	}
	if !reflect.DeepEqual(o.Peers, want) {
		t.Errorf("peers %+v", o.Peers)
	}
	if o.Company != "MAR" || o.AdvertiseHTTP != "http://mar:8080" || o.AdvertiseMQTT != "tcp://mar:1883" || o.MQTTAddr != "0.0.0.0:1883" ||
		o.Store.URL != "redis://redis:6379" || o.Store.Dir != "" || o.DataDir != "/data" || o.OperatorSecret != "op" || o.RateLimit != 100 {
		t.Errorf("options %+v", o)
	}
}

func TestFlagsGoFirst(t *testing.T) {
	o, err := read(t, append(shared, "ELETROVIA_AUTH_SER=token", "ELETROVIA_PEER_TOKEN_SER=pair out", "ELETROVIA_ACCEPT_TOKEN_SER=pair in"),
		"--store", "embedded", "--http", "127.0.0.1:9", "--peer", "SER=https://other:1", "--hold-ttl", "30s", "--advertise-http", "http://x:1")
	if err != nil {
		t.Fatal(err)
	}
	ser := o.Peers[1]
	if want := (app.Peer{ID: "SER", URL: "https://other:1", MQTT: "tcp://ser:1883", Token: "pair out", Accept: "pair in", Keys: []string{print1, print2}}); !reflect.DeepEqual(ser, want) {
		t.Errorf("SER %+v", ser)
	}
	if o.HTTPAddr != "127.0.0.1:9" || o.Store.URL != "" || o.Store.Dir != "/data/store" || o.Timings.HoldTTL != 30*time.Second || o.AdvertiseHTTP != "http://x:1" {
		t.Errorf("options %+v", o)
	}
}

// Origins come as a list, from the variable or the flag; none is none, and one that is no
// origin is refused by its name.
func TestAllowedOrigins(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, "*": {"*"}, "https://app.example, http://127.0.0.1:5173": {"https://app.example", "http://127.0.0.1:5173"},
	} {
		o, err := read(t, append(slices.Clone(shared), "ELETROVIA_ALLOW_ORIGIN="+text))
		if err != nil || !slices.Equal(o.AllowOrigins, want) {
			t.Errorf("%q: %q, %v", text, o.AllowOrigins, err)
		}
	}
	o, err := read(t, shared, "--allow-origin", "app.example/x")
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Validate(); err == nil || !strings.Contains(err.Error(), "app.example/x") {
		t.Errorf("%v", err)
	}
}

func TestBrokerElsewhere(t *testing.T) {
	for mqtt, want := range map[string]string{
		"external://mar@broker:1883":     "tcp://mar@broker:1883",
		"external+ssl://mar@broker:8883": "ssl://mar@broker:8883",
		"external+wss://mar@broker/mqtt": "wss://mar@broker/mqtt",
		"externals.example:1883":         "",
		"127.0.0.1:1883":                 "",
	} {
		o, err := read(t, append(shared, "ELETROVIA_MQTT_PASSWORD=p"), "--mqtt", mqtt, "--mqtt-rate", "7", "--mqtt-clients", "9")
		if err != nil {
			t.Fatal(err)
		}
		if o.MQTTBroker != want || (want != "") != (o.MQTTPassword == "p") || (o.MQTTAddr == "") != (want != "") || o.MQTTRate != 7 || o.MQTTClients != 9 {
			t.Errorf("%s: %+v", mqtt, o)
		}
	}
}

// How many replicas must have a promise: by itself, as told, or none.
func TestStoreReplicas(t *testing.T) {
	for text, want := range map[string]int{"auto": 0, "2": 2, "0": -1} {
		o, err := read(t, append(slices.Clone(shared), "ELETROVIA_REDIS_REPLICAS="+text))
		if err != nil || o.Store.Replicas != want {
			t.Errorf("%s: %d, %v", text, o.Store.Replicas, err)
		}
	}
	if _, err := read(t, shared, "--store-replicas", "many"); err == nil || !strings.Contains(err.Error(), "many") {
		t.Errorf("many: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		environ, args []string
		says          string
	}{
		"typing error":              {environ: []string{"ELETROVIA_HTPP=:80"}, says: "ELETROVIA_HTPP, which nothing here reads"},
		"small company":             {environ: []string{"ELETROVIA_TOKEN_mar=x"}, says: "ELETROVIA_TOKEN_mar"},
		"tokens that nothing reads": {environ: append(slices.Clone(shared), "ELETROVIA_TOKEN_SER=ts"), says: "ELETROVIA_AUTH_SER=token"},
		"a token for nobody":        {environ: append(slices.Clone(shared), "ELETROVIA_TOKEN_MAR=tm"), says: "ELETROVIA_TOKEN_MAR, which is shown to nobody"},
		"half a pair":               {environ: append(slices.Clone(shared), "ELETROVIA_AUTH_SER=token", "ELETROVIA_PEER_TOKEN_SER=x"), says: "ELETROVIA_ACCEPT_TOKEN_SER"},
		"no such way":               {environ: append(slices.Clone(shared), "ELETROVIA_AUTH_SER=mtls"), says: "want key or token"},
		"store":                     {args: []string{"--store", "etcd"}, says: "redis://"},
		"peer without id":           {args: []string{"--peer", "http://x:1"}, says: "SER=http://host:8080"},
		"epoch":                     {args: []string{"--clock-epoch", "now"}, says: "now"},
		"a password for all to see": {args: []string{"--store", "redis://:s3cret@localhost:6379"}, says: "give it as ELETROVIA_REDIS"},
		"another one":               {args: []string{"--mqtt", "external://mar:pw@broker:1883"}, says: "give it as ELETROVIA_MQTT"},
		"no file of a password":     {args: []string{"--mqtt", "external://mar@broker:1883", "--mqtt-password-file", "nowhere"}, says: "the broker's password"},
		"no file of secrets":        {args: []string{"--operator-secret-file", "nowhere"}, says: "operator's secret"},
	} {
		if _, err := read(t, c.environ, c.args...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}

func TestOperatorSecretFromAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := read(t, shared, "--operator-secret-file", path)
	if err != nil || o.OperatorSecret != "from a file" {
		t.Errorf("%q, %v", o.OperatorSecret, err)
	}
}

// Every variable that a flag names is read, and the help names every flag's.
func TestEveryFlagOfAVariableReadsIt(t *testing.T) {
	var s Settings
	f := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	s.Define(f, nil)
	f.VisitAll(func(fl *pflag.Flag) {
		_, name, ok := strings.Cut(fl.Usage, "("+EnvPrefix)
		if !ok || fl.Name == "peer" {
			return
		}
		name, _, _ = strings.Cut(name, ")")
		var again Settings
		g := pflag.NewFlagSet("serve", pflag.ContinueOnError)
		again.Define(g, []string{EnvPrefix + name + "=given"})
		if got := g.Lookup(fl.Name).DefValue; got != "given" {
			t.Errorf("--%s does not read %s%s: %q", fl.Name, EnvPrefix, name, got)
		}
	})
}
