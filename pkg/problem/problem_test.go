package problem

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestEveryKindSurvivesTheWire(t *testing.T) {
	for _, k := range Kinds() {
		p := New(k.Code, "what happened").After(1500 * time.Millisecond)
		p.Instance = "/api/v1/trips/x"
		p.Conflict = json.RawMessage(`{"settled":false}`)
		p.Alternatives = json.RawMessage(`[{"leg":2}]`)
		p.Errors = []FieldError{{"stops[1].end", "must be after start"}}
		p.SeenEpoch = 7

		rec := httptest.NewRecorder()
		if err := p.Write(rec); err != nil {
			t.Fatal(err)
		}
		if rec.Code != k.Status || rec.Header().Get("Retry-After") != "2" || rec.Header().Get("Content-Type") != ContentType {
			t.Errorf("%s: status %d, headers %v", k.Code, rec.Code, rec.Header())
		}
		got, err := Parse(rec.Result())
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("%s: got %+v, %v; want %+v", k.Code, got, err, p)
		}
	}
}

func TestTableIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Kinds() {
		if seen[k.Code] {
			t.Errorf("%s twice", k.Code)
		}
		seen[k.Code] = true
		if http.StatusText(k.Status) == "" || k.Title == "" || k.English == "" || k.Portuguese == "" || k.English == k.Portuguese {
			t.Errorf("%s: incomplete row %+v", k.Code, k)
		}
		if TypeOf(k.Code) != "/problems/"+k.Code {
			t.Errorf("%s: type %s", k.Code, TypeOf(k.Code))
		}
	}
	if len(seen) != 37 {
		t.Errorf("%d codes, the contract has 37", len(seen))
	}
}

func TestUnknownCodeTellsNothing(t *testing.T) {
	p := New("NO_SUCH_CODE", "the password is swordfish")
	if p.Status != 500 || p.Code != "" || strings.Contains(p.Error(), "swordfish") {
		t.Errorf("got %+v", p)
	}
}

func answer(status int, contentType, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {contentType}},
		Body: io.NopCloser(strings.NewReader(body)),
	}
}

func TestParseRefusesRubbish(t *testing.T) {
	for name, resp := range map[string]*http.Response{
		"not an error":       answer(200, ContentType, `{"code":"SLOT_TAKEN","status":409}`),
		"html":               answer(503, "text/html", "<html>bad gateway</html>"),
		"plain json":         answer(409, "application/json", `{"code":"SLOT_TAKEN"}`),
		"no content type":    answer(409, "", `{"code":"SLOT_TAKEN"}`),
		"broken json":        answer(409, ContentType, `{"code":`),
		"wrong type":         answer(409, ContentType, `{"code":7}`),
		"an array":           answer(409, ContentType, `[]`),
		"another status":     answer(500, ContentType, `{"code":"SLOT_TAKEN","status":409}`),
		"code of 409 on 500": answer(500, ContentType, `{"code":"SLOT_TAKEN"}`),
		"endless":            answer(409, ContentType, `{"detail":"`+strings.Repeat("x", MaxBody)+`"}`),
	} {
		if p, err := Parse(resp); !errors.Is(err, ErrNotAProblem) {
			t.Errorf("%s: got %+v, %v", name, p, err)
		}
	}
}

func TestParseTamesTexts(t *testing.T) {
	p, err := Unmarshal([]byte(`{"code":"RATE_LIMITED","detail":"`+strings.Repeat("€", 2000)+
		`","title":"a\u001b[31mb","retry_after":999999999,"seen_epoch":-4}`), 429)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Detail) < 990 || len(p.Detail) > 1000 || strings.Contains(p.Detail, "\ufffd") || strings.ContainsRune(p.Title, 0x1b) ||
		p.RetryAfter != 3600 || p.SeenEpoch != 0 {
		t.Errorf("got %+v", p)
	}
}

func TestRetryAfterFromTheHeader(t *testing.T) {
	resp := answer(503, ContentType+"; charset=utf-8", `{"code":"STORE_UNAVAILABLE"}`)
	resp.Header.Set("Retry-After", "3")
	p, err := Parse(resp)
	if err != nil || p.RetryAfter != 3 {
		t.Errorf("got %+v, %v", p, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(409, ContentType, []byte(`{"code":"SLOT_TAKEN","conflict":{"settled":true}}`))
	f.Add(503, ContentType, []byte(`{"code":"STORE_UNAVAILABLE","retry_after":1}`))
	f.Add(502, "text/html", []byte("<html>"))
	f.Add(409, ContentType, []byte(`{"errors":[{"field":"\u0000","reason":"\ud800"}]}`))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		p, err := Parse(answer(status, contentType, string(body)))
		if err != nil {
			if !errors.Is(err, ErrNotAProblem) {
				t.Errorf("error %v", err)
			}
			return
		}
		if p.Status != status || len(p.Detail) > maxText || len(p.Errors) > maxErrors {
			t.Errorf("not tamed: %+v", p)
		}
		if k, ok := Lookup(p.Code); ok && k.Status != status {
			t.Errorf("%s with status %d", p.Code, status)
		}
	})
}
