package client

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// TestNotSent: a connection that never came about is told from one that broke
// after the request may have been executed.
func TestNotSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + l.Addr().String()
	l.Close()
	cuts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			c.Close()
		}
	}))
	defer cuts.Close()
	for base, notSent := range map[string]bool{closed: true, cuts.URL: false} {
		c, err := New(Options{BaseURL: base, Token: Fixed("t"), Self: "MAR"})
		if err != nil {
			t.Fatal(err)
		}
		ref := charging.Ref{ID: "019a0000-0000-7000-8000-00000000000b", TripID: "019a0000-0000-7000-8000-00000000000a", Origin: "MAR", EVSEID: "BR*SER*E0001*1"}
		_, err = c.Confirm(t.Context(), ref)
		if err == nil || errors.Is(err, charging.ErrNotSent) != notSent {
			t.Errorf("%v: not sent %v, want %v", err, !notSent, notSent)
		}
	}
}
