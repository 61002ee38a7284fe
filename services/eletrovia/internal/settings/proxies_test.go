package settings

import (
	"fmt"
	"testing"
)

// TestProxiesAndConnections: proxies are networks, of the environment or of flags, which replace it.
func TestProxiesAndConnections(t *testing.T) {
	environ := []string{"ELETROVIA_COMPANY=MAR", "ELETROVIA_TRUSTED_PROXY=10.1.2.3/8, 192.0.2.7/32", "ELETROVIA_ADMIN_LISTEN=:9090"}
	o, err := read(t, environ, "--connections", "500", "--address-connections", "-1")
	if err != nil || fmt.Sprint(o.TrustedProxies) != "[10.0.0.0/8 192.0.2.7/32]" || o.AdminAddr != "0.0.0.0:9090" || o.Connections != 500 || o.AddressConnections != -1 {
		t.Errorf("%+v %v", o, err)
	}
	if o, err = read(t, environ, "--trusted-proxy", "10.0.0.1/32", "--trusted-proxy", "2001:db8::/32"); err != nil || fmt.Sprint(o.TrustedProxies) != "[10.0.0.1/32 2001:db8::/32]" {
		t.Errorf("%v %v", o.TrustedProxies, err)
	}
	if _, err := read(t, environ, "--trusted-proxy", "10.0.0.1"); err == nil {
		t.Error("an address without its bits is taken")
	}
}
