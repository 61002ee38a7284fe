package web

import (
	"io/fs"
	"strings"
	"testing"
)

func TestTheFirstPageNeedsNothingFromElsewhere(t *testing.T) {
	page, err := Home(Server{Company: "MAR", Name: "Maré <Volt>", MQTT: "tcp://127.0.0.1:1881"})
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	if !strings.Contains(text, "Maré &lt;Volt&gt;") || !strings.Contains(text, "tcp://127.0.0.1:1881") {
		t.Errorf("%s", text)
	}
	for _, outside := range []string{"<script", "http://", "https://"} {
		if strings.Contains(text, outside) {
			t.Errorf("the page has %s", outside)
		}
	}
	for _, part := range strings.Split(text, `href="/assets/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if _, err := fs.Stat(Assets(), name); err != nil {
			t.Errorf("the page asks for %s: %v", name, err)
		}
	}
}

func TestWithoutABroker(t *testing.T) {
	page, err := Home(Server{Company: "MAR", Name: "Maré Volt"})
	if err != nil || strings.Contains(string(page), "MQTT") {
		t.Errorf("%v: %s", err, page)
	}
}
