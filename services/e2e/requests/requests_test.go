package requests

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/apitest"
	"github.com/eletrovia/eletrovia/services/e2e/program"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// fromEnv is a number of the environment, or another where there is none.
func fromEnv(t *testing.T, name string, otherwise uint64) uint64 {
	s := program.Told(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestGeneratedRequests: whatever is sent, by whomever, no answer is 5xx, and each is
// one that the specification documents for its operation, in status, content type and
// body. It shows an input that panics, a code that is none, a status that is not
// documented, and a schema that does not say what is answered.
func TestGeneratedRequests(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(api.Spec)
	if err != nil {
		t.Fatal(err)
	}
	seed, n := fromEnv(t, "ELETROVIA_SEED", 1), int(fromEnv(t, "ELETROVIA_REQUESTS", 2000))
	t.Logf("seed %d, %d requests", seed, n)
	w := start(t)
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0)), ops: operations(doc), ids: w.real()}
	g.ids["evse_id"] = []string{"BR*MAR*E0001*1", "BR*MAR*E0002*1", "BR*SER*E0001*1", "BR*CAJ*E0001*1"}
	g.ids["own"] = w.chargers()
	g.ids["vehicle_id"] = []string{"EV-0001", "EV-0002"}
	g.ids["origin"] = []string{"SER"}
	counts, failed, good, took := map[int]int{}, map[string]int{}, map[string]int{}, map[string]time.Duration{}
	seen := map[string]bool{}
	for i := range n {
		r := g.request(i)
		sent := time.Now()
		status, head, body, err := w.send(r)
		took[r.op.OperationID] += time.Since(sent)
		counts[status]++
		if status < 300 {
			good[r.op.OperationID]++
		}
		if err == nil {
			answer := fmt.Sprint(r.op.OperationID, status, head.Get("Content-Type"), body)
			if !seen[answer] || r.elsewhere { // the same answer need not be judged twice
				err = obeys(r, status, head, body)
			}
			seen[answer] = err == nil && !r.elsewhere
			g.learn(r, status, body)
		}
		if r.op.OperationID == "suspendPeer" && status == http.StatusOK { // CAJ, which the others go on with
			w.ask("MAR", http.MethodPost, "/api/v1/peers/CAJ/resume", "operator", "")
		}
		if err == nil {
			continue
		}
		class := fmt.Sprintf("%s %d", r.op.OperationID, status)
		if failed[class]++; failed[class] <= 2 {
			t.Errorf("request %d of seed %d: %s: %v\n%s\n%.600s", i, seed, class, err, r.curl(), body)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%d: %d", status, counts[status])
	}
	for _, class := range slices.Sorted(maps.Keys(failed)) {
		t.Logf("failed: %s: %d", class, failed[class])
	}
	for _, o := range g.ops {
		t.Logf("%s: %d succeeded, %s", o.op.OperationID, good[o.op.OperationID], took[o.op.OperationID].Round(time.Millisecond))
	}
	if counts[http.StatusOK] < n/10 || counts[http.StatusCreated] == 0 {
		t.Errorf("of %d requests %d were answered 200 and %d 201: these are no requests", n, counts[http.StatusOK], counts[http.StatusCreated])
	}
}

// send makes the request; of a stream only the first event is read.
func (w *world) send(r request) (int, http.Header, string, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 40*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, w.urls["MAR"]+r.target, strings.NewReader(r.body))
	if err != nil {
		return 0, nil, "", err
	}
	for k, v := range r.head {
		req.Header.Set(k, v)
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	switch r.as {
	case "":
	case "SER":
		req.Header.Set("Authorization", "Bearer "+w.peer())
	case "wrong":
		req.SetBasicAuth("EV-0001", "wrong")
	default:
		req.SetBasicAuth(r.as, secret)
	}
	resp, err := w.http.Do(req)
	if err != nil {
		return 0, nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		line, err := bufio.NewReader(resp.Body).ReadString('\n')
		return resp.StatusCode, resp.Header, line, err
	}
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(raw), err
}

// obeys says what of an answer the specification does not.
func obeys(r request, status int, head http.Header, body string) error {
	if status >= 500 {
		return fmt.Errorf("a fault of the server")
	}
	if status == http.StatusRequestHeaderFieldsTooLarge && len(r.target) > 32<<10 { // refused before there is an operation
		return nil
	}
	if r.elsewhere { // the request reached another operation, or none
		return nil
	}
	return apitest.Load().Check(apitest.Answer{Method: r.method, URL: &url.URL{Path: r.path}, Status: status, Header: head, Body: []byte(body)})
}

// curl is the request as a person would make it again against a demo.
func (r request) curl() string {
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
	var b strings.Builder
	fmt.Fprintf(&b, "curl -i -X %s", r.method)
	switch r.as {
	case "":
	case "SER":
		b.WriteString(" -H 'Authorization: Bearer demo-SER'")
	case "wrong":
		b.WriteString(" -u EV-0001:wrong")
	default:
		b.WriteString(" -u " + r.as + ":" + secret)
	}
	for _, k := range slices.Sorted(maps.Keys(r.head)) {
		b.WriteString(" -H " + quote(k+": "+r.head[k]))
	}
	b.WriteString(" -H " + quote("Content-Type: "+r.contentType))
	if r.body != "" {
		fmt.Fprintf(&b, " --data-binary %.1500s", quote(r.body))
	}
	return b.String() + " " + quote("http://127.0.0.1:8080"+r.target)
}
