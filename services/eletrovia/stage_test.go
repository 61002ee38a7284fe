package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/e2e/program"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/director"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

// asProgram tells the test's executable that it is to be eletrovia: the stage's servers
// are real processes.
const asProgram = "BE_ELETROVIA=1"

func TestMain(m *testing.M) {
	if slices.Contains(os.Environ(), asProgram) {
		os.Exit(run(context.Background(), os.Args[1:], terminal.Shell{Out: os.Stdout, Err: os.Stderr, In: os.Stdin, Program: "eletrovia", Environ: os.Environ()}))
	}
	os.Exit(program.Main(m))
}

func newStage(t *testing.T, tune func(*director.Options)) *director.Director {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := director.Options{
		Program: director.Program{Path: self, Env: append(os.Environ(), asProgram)}, Store: app.StoreAuto, Log: zerolog.Nop(),
	}
	tune(&o)
	d := director.New(o)
	t.Cleanup(d.Close)
	return d
}

// plays starts a scene and lets it go as fast as the system does, to its end.
func plays(t *testing.T, d *director.Director, scene api.Scene) api.Stage {
	t.Helper()
	for _, c := range []api.StageCommand{{Action: api.StagePace}, {Action: api.StageStart, Scene: scene}} {
		if _, err := d.Steer(c); err != nil {
			t.Fatal(err)
		}
	}
	s := awaitStage(t, d, "under way", func(s api.Stage) bool { return s.State != api.StageStarting })
	if s.State == api.StagePaused {
		if _, err := d.Steer(api.StageCommand{Action: api.StagePlay}); err != nil {
			t.Fatal(err)
		}
	}
	return awaitStage(t, d, "at its end", func(s api.Stage) bool { return s.State == api.StageEnded || s.State == api.StageFailed })
}

func awaitStage(t *testing.T, d *director.Director, what string, good func(api.Stage) bool) api.Stage {
	t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	limit := time.After(90 * time.Second)
	for {
		s := d.Show()
		if good(s) {
			return s
		}
		select {
		case <-look.C:
		case <-limit:
			t.Fatalf("not %s: %+v", what, s)
		}
	}
}

// Every scene, by real processes, ends as the rule says. It fails where the older trip does
// not take a plug from the younger, where a refused stop leaves others held, where a
// server that died does not end its trip, and where a late message takes what is another's.
func TestEveryScene(t *testing.T) {
	longestFirst := append([]api.Scene{api.SceneSilent, api.SceneDiesConfirming}, api.Scenes[:3]...)
	for _, scene := range append(longestFirst, api.SceneLateCompensate) {
		t.Run(string(scene), func(t *testing.T) {
			t.Parallel()
			s := plays(t, newStage(t, func(*director.Options) {}), scene)
			for _, step := range s.Steps {
				t.Logf("%2d %s %s→%s %s %s %s: %s (%s) %s", step.N, step.At.Format("05.000"), step.From, step.To, step.What, step.Driver, step.EVSEID, step.Answer, step.Why, step.Other)
			}
			if s.Verdict != api.VerdictAsRuled {
				t.Errorf("%s, %q: %s", s.State, s.Verdict, s.Detail)
			}
		})
	}
	t.Cleanup(func() {
		if left := children(t); len(left) != 0 {
			t.Errorf("processes are left: %v", left)
		}
	})
}

// children are the processes that this one has started and that run.
func children(t *testing.T) []string {
	t.Helper()
	out, _ := exec.Command("pgrep", "-P", strconv.Itoa(os.Getpid()), "-a").Output() // 1 where there is none
	return linesOf(string(out))
}

func linesOf(s string) []string {
	return slices.DeleteFunc(strings.Split(s, "\n"), func(l string) bool { return l == "" || strings.Contains(l, "pgrep") })
}

// Paused, nothing travels; a step lets one happen. It fails where a message passes a gate
// that is closed, or a step lets several pass. Then nobody looks: the play ends by itself,
// its processes too, and the picture stays. It fails where a paused play goes on for good.
func TestAStepIsOneMessage(t *testing.T) {
	d := newStage(t, func(o *director.Options) { o.Store, o.Idle = app.StoreMemory, 2*time.Second })
	if _, err := d.Steer(api.StageCommand{Action: api.StageStep}); err == nil {
		t.Error("a step of nothing")
	}
	if _, err := d.Steer(api.StageCommand{Action: api.StageStart, Scene: api.SceneThirdRefused}); err != nil {
		t.Fatal(err)
	}
	awaitStage(t, d, "ready", func(s api.Stage) bool { return s.State == api.StagePaused && s.Next != nil })
	for n := 1; n <= 4; n++ {
		if s := d.Show(); len(s.Steps) != n-1 {
			t.Fatalf("before step %d there are %d", n, len(s.Steps))
		}
		if _, err := d.Steer(api.StageCommand{Action: api.StageStep}); err != nil {
			t.Fatal(err)
		}
		awaitStage(t, d, "one step further", func(s api.Stage) bool { return len(s.Steps) == n && s.Next != nil })
	}
	limit := time.After(60 * time.Second)
	for len(children(t)) > 0 {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-limit:
			t.Fatalf("processes are left: %v", children(t))
		}
	}
	s := awaitStage(t, d, "at its end", func(s api.Stage) bool { return s.State == api.StageEnded })
	if s.Verdict != "" || s.Detail != "nobody was looking" || len(s.Companies) != 3 {
		t.Errorf("%q, %q, %d companies", s.Verdict, s.Detail, len(s.Companies))
	}
}

// A server on a leash ends with the process that started it, also where that was killed and
// could tell nobody.
func TestALeashedServerEndsWithItsInput(t *testing.T) {
	in, hold := io.Pipe()
	out := &writer{lines: make(chan string, 100)}
	code := make(chan int, 1)
	go func() {
		code <- run(t.Context(), []string{"serve", "--leash", "--company", "MAR", "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--store", "memory"},
			terminal.Shell{Out: out, Err: io.Discard, In: in, Program: "eletrovia", Environ: []string{"ELETROVIA_OPERATOR_SECRET=a secret of the test's own"}})
	}()
	for line := range out.lines {
		if line == "ready" {
			break
		}
	}
	_ = hold.Close()
	select {
	case c := <-code:
		if c != terminal.ExitDone {
			t.Errorf("exit %d", c)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it goes on")
	}
}
