package floods

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/api/apitest"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/e2e/program"
)

// TestWhatAFloodIsAnswered: each answer that a flood gets, those that refuse it above all,
// is one of openapi.yaml.
func TestWhatAFloodIsAnswered(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // 127.0.0.3 is an address of loopback there only
	}
	around := apitest.Hold(t)
	server, err := app.New(app.Options{
		Company: "MAR", HTTPAddr: "127.0.0.1:0", MQTTAddr: "127.0.0.1:0", Store: app.Store{Kind: app.StoreMemory},
		OperatorSecret: "operator", Log: zerolog.Nop(), Around: around, Registrations: 10, Streams: 32, RateLimit: 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	// The attacker ends by itself when it is told to: what it has done is its last word.
	cmd := exec.Command(program.Path(t), "flood", "attack", "--json", "--rest", server.HTTPAddr(), "--mqtt", server.MQTTAddr(),
		"--connections", "600", "--slow-bodies", "60", "--streams", "64", "--registrations", "100")
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(4*time.Second, func() { _ = cmd.Process.Signal(os.Interrupt) })
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var deeds struct {
		Registered int `json:"vehicles_registered"`
		Refused    int `json:"registrations_refused"`
		Streams    int `json:"streams_opened"`
		StreamsNot int `json:"streams_refused"`
	}
	if err := json.Unmarshal(out.Bytes(), &deeds); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.Bytes(), said.Bytes())
	}
	if deeds.Registered == 0 || deeds.Refused == 0 || deeds.Streams == 0 || deeds.StreamsNot == 0 {
		t.Errorf("%+v: both of each were to be seen", deeds)
	}
}
