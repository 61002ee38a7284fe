package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/store/embedded"
)

// certificate makes one for 127.0.0.1 that signs itself.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", keyDER)
}

// With certificates, companies, drivers and peers' events go over TLS, and
// nothing is left open beside.
func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	apps := boot(t, func(o *Options) {
		o.TLS = TLS{HTTPCert: cert, HTTPKey: key, MQTTCert: cert, MQTTKey: key, CA: cert}
		o.WebSocketAddr = "127.0.0.1:0"
	})
	a := apps["MAR"]
	if !strings.HasPrefix(a.URL(), "https://") || !strings.HasPrefix(a.MQTTURL(), "ssl://") {
		t.Fatalf("addresses %s, %s", a.URL(), a.MQTTURL())
	}
	trust, err := a.o.TLS.roots()
	if err != nil {
		t.Fatal(err)
	}
	d, err := client.NewDriver(client.DriverOptions{BaseURL: a.URL(), User: "EV-0001", Secret: DemoSecret, HTTP: client.NewHTTP(trust)})
	if err != nil {
		t.Fatal(err)
	}
	plans, err := d.Plan(t.Context(), journey())
	if err != nil {
		t.Fatal(err)
	}
	booked, err := d.CreateTrip(t.Context(), api.TripRequest{VehicleID: "EV-0001", PlanID: plans[0].ID}, "", 15*time.Second)
	if err != nil || booked.State != trip.Confirmed {
		t.Errorf("%s, %v", booked.State, err)
	}
	conn, err := tls.Dial("tcp", a.MQTTAddr(), trust)
	if err != nil {
		t.Errorf("the broker does not speak TLS: %v", err)
	} else {
		_ = conn.Close()
	}
	for _, url := range []string{a.MQTTURL(), "wss://" + a.WebSocketAddr() + "/mqtt"} {
		car := paho.NewClient(paho.NewClientOptions().AddBroker(url).SetUsername("EV-0001").SetPassword(DemoSecret).
			SetClientID(url[:3]).SetTLSConfig(trust).SetConnectTimeout(10 * time.Second))
		if token := car.Connect(); !token.WaitTimeout(15*time.Second) || token.Error() != nil {
			t.Errorf("a car at %s: %v", url, token.Error())
		}
		car.Disconnect(0)
	}
	if _, err := driverOf(t, a, "EV-0001").Plan(t.Context(), journey()); err == nil {
		t.Error("a driver who does not know the authority trusts the server")
	}
}

// A Redis that may evict keys would drop bookings without a word.
func TestEvictingStoreIsRefused(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("needs a redis-server")
	}
	e, err := embedded.Open(t.Context(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.Background()) })
	conn, err := net.Dial("tcp", e.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answer := make([]byte, 64)
	if _, err := fmt.Fprint(conn, "CONFIG SET maxmemory-policy allkeys-lru\r\n"); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(answer); err != nil || !strings.HasPrefix(string(answer[:n]), "+OK") {
		t.Fatalf("%s, %v", answer[:n], err)
	}
	o := good()
	o.Peers, o.Store.URL = nil, "redis://"+e.Addr()
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, a)
	if err := a.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "noeviction") {
		t.Errorf("started with an evicting store: %v", err)
	}
	for _, f := range Check(t.Context(), o) {
		if f.What == "store" && (f.OK || !strings.Contains(f.Detail, "noeviction")) {
			t.Errorf("doctor: %+v", f)
		}
	}
}

// Check finds what is wrong with peers: silence, a refused token, another company.
func TestCheckPeers(t *testing.T) {
	apps := boot(t, nil)
	o := good()
	o.Store.Kind = StoreMemory
	o.Peers = []Peer{
		{ID: "SER", URL: apps["SER"].URL(), Token: DemoToken("MAR"), Accept: DemoToken("SER")},
		{ID: "CAJ", URL: apps["CAJ"].URL(), Token: "demo-wrong", Accept: DemoToken("CAJ")},
		{ID: "XYZ", URL: apps["CAJ"].URL(), Token: DemoToken("MAR"), Accept: "demo-XYZ"},
		{ID: "OFF", URL: "http://127.0.0.1:1", Token: DemoToken("MAR"), Accept: "demo-OFF"},
	}
	found := map[string]Finding{}
	for _, f := range Check(t.Context(), o) {
		found[f.What] = f
	}
	for what, ok := range map[string]bool{
		"configuration": true, "store": true, "REST port": true, "MQTT port": true,
		"peer SER": true, "peer CAJ": false, "peer XYZ": false, "peer OFF": false,
	} {
		if f, there := found[what]; !there || f.OK != ok {
			t.Errorf("%s: %+v", what, f)
		}
	}
	if d := found["peer CAJ"].Detail; !strings.Contains(d, "UNAUTHENTICATED") {
		t.Errorf("a wrong token: %s", d)
	}
}

// A port that is taken is wrong, unless it is the company's own server that runs.
func TestCheckPorts(t *testing.T) {
	mar := boot(t, nil)["MAR"]
	for company, ok := range map[charging.CompanyID]bool{"MAR": true, "SER": false} {
		o := Options{Company: company, Store: Store{Kind: StoreMemory}, HTTPAddr: mar.HTTPAddr(), MQTTAddr: mar.MQTTAddr()}
		for _, f := range Check(t.Context(), o) {
			if strings.HasSuffix(f.What, "port") && f.OK != ok {
				t.Errorf("%s: %+v", company, f)
			}
		}
	}
}

// Companies meet by their keys: what one shows to another is of no use at a third, and
// pinned thumbprints keep out whoever publishes another key.
func TestCompaniesMeetByTheirKeys(t *testing.T) {
	apps := boot(t, nil)
	mar := apps["MAR"]
	for _, p := range mar.neighbours.peers() {
		if p.Auth != "key" || p.Status != "up" {
			t.Errorf("%+v", p)
		}
	}
	token, err := apps["CAJ"].rooms.credentials.For("SER")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[charging.CompanyID]int{"SER": http.StatusOK, "MAR": http.StatusUnauthorized} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, apps[at].URL()+"/federation/v1/promises", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("CAJ's token for SER at %s: %s", at, resp.Status)
		}
	}
}

// What the demo's tokens and peers' brokers must not be.
func TestUnsafeSettingsOfPeers(t *testing.T) {
	o := good()
	o.DemoTokens, o.HTTPAddr, o.OperatorSecret = true, "0.0.0.0:0", "a long enough secret"
	o.Vehicles, o.Peers = nil, []Peer{{ID: "SER", URL: "http://127.0.0.1:2"}}
	if err := o.Validate(); err == nil || !strings.Contains(err.Error(), "demo's tokens") {
		t.Errorf("%v", err)
	}
	o = good()
	o.Peers = []Peer{{ID: "SER", URL: "http://127.0.0.1:2", Keys: []string{"short"}}}
	if err := o.Validate(); err == nil || !strings.Contains(err.Error(), "no thumbprint") {
		t.Errorf("%v", err)
	}
	for broker, fine := range map[string]bool{
		"tcp://ser.example:1883": true, "wss://SER.example:9": true, "tcp://evil.example:1883": false, "tcp://ser.example.evil:1883": false, "::": false,
	} {
		if err := sameHost("http://ser.example:8080", broker); (err == nil) != fine {
			t.Errorf("%s: %v", broker, err)
		}
	}
}

// Keys that change while a server runs are shown to the company's other servers: one
// that starts afterwards would otherwise be refused beside it.
func TestKeysThatChangeAreShown(t *testing.T) {
	dir := t.TempDir()
	mar := boot(t, func(o *Options) {
		if o.Company == "MAR" {
			o.DataDir = dir
		}
	})["MAR"]
	before := mar.rooms.keys.KeyIDs()
	ids, err := RotateKeys(KeyFile(dir))
	if err != nil || len(ids) != 2 || ids[1] != before[0] {
		t.Fatalf("%v, %v", ids, err)
	}
	if shown := mar.trust.lookAtKeys(t.Context(), before); !slices.Equal(shown, ids) {
		t.Errorf("shown %v, want %v", shown, ids)
	}
	all, err := mar.rooms.store.KeysShown(t.Context(), "another")
	if err != nil || len(all) != 1 || !slices.Equal(all[0].KeyIDs, ids) {
		t.Errorf("the others see %+v, %v", all, err)
	}
}
