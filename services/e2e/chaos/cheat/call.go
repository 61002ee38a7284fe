package cheat

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

const (
	callTimeout = 4 * time.Second
	// lateAtMost is how long an honest company waits for a peer's answer.
	lateAtMost = 10 * time.Second
)

// said is an answer of another company.
type said struct {
	// status is 0 without an answer.
	status int
	Code   charging.Code `json:"code"`
	// State and GrantedAt of a reservation.
	State     charging.State   `json:"state"`
	GrantedAt string           `json:"granted_at"`
	Outcome   charging.Outcome `json:"outcome"`
}

func (s said) ok() bool { return s.status >= 200 && s.status < 300 }

// call sends one request to another company, showing a token.
func (a *attacker) call(ctx context.Context, to charging.CompanyID, token, method, path string, body any) said {
	raw := encode(body)
	req, err := http.NewRequestWithContext(ctx, method, a.t.URLs[to]+"/federation/v1"+path, bytes.NewReader(raw))
	if err != nil {
		return said{}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "eletrovia/"+string(a.c.o.Self))
	resp, err := a.c.http.Do(req)
	if err != nil {
		return said{}
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return said{}
	}
	var s said
	_ = json.Unmarshal(answer, &s)
	s.status = resp.StatusCode
	return s
}

// wait is over when the time has passed or the context ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
