package serving

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/services/company/app"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/settings"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

func (c commands) doctorCommand() *cobra.Command {
	var s settings.Settings
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check a configuration, or a server that runs: store, broker, ports, peers, clocks",
		Long: "With the flags or variables of serve (at least --company or --config): what a server would meet here.\n" +
			"Without: how the server at --server is. Exit code 1 when something is wrong.",
	}
	s.Define(cmd.Flags(), c.Environ)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, cancel := context.WithTimeout(cmd.Context(), terminal.ExamineWithin)
		defer cancel()
		if s.Company() != "" {
			return c.report(c.examineSettings(ctx, &s, cmd.Flags()))
		}
		return c.report(c.examineServer(ctx))
	}
	return cmd
}

// examineSettings looks at what serve would do with these flags.
func (c commands) examineSettings(ctx context.Context, s *settings.Settings, flags *pflag.FlagSet) []app.Finding {
	o, err := s.Options(flags)
	if err != nil {
		return []app.Finding{{What: "configuration", Detail: err.Error()}}
	}
	return app.Check(ctx, o)
}

// examineServer asks a running server how it is, and how it sees its peers.
func (c commands) examineServer(ctx context.Context) []app.Finding {
	what := "server " + c.Server
	health, ready, err := c.health(ctx, "")
	if err != nil {
		return []app.Finding{{What: what, Detail: err.Error() + " (start one with: " + c.Program + " demo)"}}
	}
	found := []app.Finding{{What: what, OK: ready, Detail: health.Status}}
	for _, part := range slices.Sorted(maps.Keys(health.Checks)) {
		found = append(found, app.Finding{What: part, OK: !slices.Contains(health.Impaired, part), Detail: health.Checks[part]})
	}
	operator, err := c.AsOperator()
	if err != nil {
		return append(found, app.Finding{What: "peers", Detail: err.Error()})
	}
	peers, err := operator.Peers(ctx)
	if err != nil {
		return append(found, app.Finding{What: "peers", Detail: err.Error()})
	}
	for _, p := range peers {
		found = append(found, peerFinding(p))
	}
	inv, err := operator.Inventory(ctx)
	if err != nil {
		return append(found, app.Finding{What: "inventory", Detail: err.Error()})
	}
	for _, line := range app.InventoryLines(inv) {
		found = append(found, app.Finding{What: "inventory", OK: true, Detail: line})
	}
	return found
}

func peerFinding(p api.Peer) app.Finding {
	f := app.Finding{What: "peer " + string(p.CompanyID), OK: p.Status == "up" && p.Detail == ""}
	if f.OK {
		f.Detail = fmt.Sprintf("%s answers in %.1f ms, its clock is off by %.0f ms, %d locations", p.URL, p.RTTMillis, p.SkewMillis, p.Locations)
	} else {
		f.Detail = fmt.Sprintf("%s at %s: %s", p.Status, p.URL, p.Detail)
	}
	if l := p.MQTT; l != nil && !l.Online && l.Problem != "" { // without a problem it is on its way
		f.OK = false
		f.Detail += "; its broker is not heard: " + p.MQTT.Problem
	}
	return f
}

// report shows the findings; one that is wrong is a failure.
func (c commands) report(found []app.Finding) error {
	p := c.Printer()
	bad := 0
	for _, f := range found {
		if !f.OK {
			bad++
		}
	}
	verdict := error(nil)
	if bad > 0 {
		verdict = &terminal.ExitError{Code: terminal.ExitFailure, Err: errors.New(terminal.Plural(bad, "check") + " failed")}
	}
	if done, err := p.JSON(found); done {
		return errors.Join(err, verdict)
	}
	for _, f := range found {
		mark := p.Good("ok   ")
		if !f.OK {
			mark = p.Bad("wrong")
		}
		p.Linef("%s  %s: %s", mark, f.What, f.Detail)
	}
	if bad == 0 {
		p.Next(c.Next("peers"))
	}
	return verdict
}
