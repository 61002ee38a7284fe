package fleet

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/api"
)

// TestPowerOutage takes the EVSEs of one company out of service, and back, as its
// operator.
func TestPowerOutage(t *testing.T) {
	var mu sync.Mutex
	var put []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/locations") {
			list, _ := sites(r.Context())
			w.Header().Set("X-Total-Count", "2")
			_ = json.NewEncoder(w).Encode(list)
			return
		}
		user, secret, _ := r.BasicAuth()
		var q api.EVSEStatusRequest
		_ = json.NewDecoder(r.Body).Decode(&q)
		mu.Lock()
		defer mu.Unlock()
		put = append(put, r.Method+" "+r.URL.Path+" "+user+":"+secret+" "+string(q.Status)+" "+q.Reason)
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte("{}"))
	}))
	defer server.Close()
	o := Options{Servers: []Server{{HTTP: server.URL}}, Operators: []string{"s3"}}
	for _, begin := range []bool{true, false} {
		if err := o.PowerOutage(t.Context(), Event{Kind: Outage, Company: "SER"}, begin); err != nil {
			t.Fatal(err)
		}
	}
	if len(put) != 2 || !strings.Contains(put[0], "SER*E0001*1/status operator:s3 OUTOFORDER POWER_OUTAGE") || !strings.Contains(put[1], "AVAILABLE ") {
		t.Errorf("%q", put)
	}
	if err := o.PowerOutage(t.Context(), Event{Kind: Outage, Company: "XXX"}, true); err == nil || !strings.Contains(err.Error(), "XXX") {
		t.Errorf("%v", err)
	}
	if err := o.PowerOutage(t.Context(), Event{Kind: Down, Company: "SER"}, true); err == nil {
		t.Error("a server was taken down by REST")
	}
}
