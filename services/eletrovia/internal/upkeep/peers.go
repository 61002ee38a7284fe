package upkeep

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/api/client"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/terminal"
)

func (c commands) peersCommand() *cobra.Command {
	all := &cobra.Command{
		Use: "peers", Short: "Show the other companies as the server sees them (operator)",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.peers(cmd.Context()) },
	}
	all.AddCommand(&cobra.Command{
		Use: "token COMPANY", Short: "Make what this company shows to a peer, to try that by hand (operator); good there for two minutes",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.peerToken(cmd.Context(), args[0]) },
	})
	var reason string
	suspend := &cobra.Command{
		Use: "suspend COMPANY --reason TEXT", Short: "End what a peer holds here and give it nothing new (operator)",
		Long: "End what a peer only holds here (CLAIMED, PENDING), believe none of its tickets, and give it nothing new until it is resumed.\n" +
			"What is RESERVED stands: its drivers charge, leave and cancel as before. Nothing new is planned at it. It is told the reason.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return terminal.Usage(errors.New("--reason: say why, for the audit; the peer is told it"))
			}
			return c.sayOfPeer(cmd.Context(), args[0], func(ctx context.Context, d *client.Driver, id charging.CompanyID) (api.Suspension, error) {
				return d.Suspend(ctx, id, api.SuspendRequest{Reason: reason})
			})
		},
	}
	suspend.Flags().StringVar(&reason, "reason", "", "why, for the audit and for the peer; required")
	all.AddCommand(suspend, &cobra.Command{
		Use: "resume COMPANY", Short: "Take a suspension back (operator)",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.sayOfPeer(cmd.Context(), args[0], func(ctx context.Context, d *client.Driver, id charging.CompanyID) (api.Suspension, error) {
				return d.Resume(ctx, id)
			})
		},
	})
	for _, sub := range all.Commands() {
		sub.Args = terminal.UsageArgs(sub.Args)
	}
	return all
}

// sayOfPeer suspends a peer or resumes it.
func (c commands) sayOfPeer(ctx context.Context, company string, say func(context.Context, *client.Driver, charging.CompanyID) (api.Suspension, error)) error {
	id := charging.CompanyID(company)
	if err := id.Validate(); err != nil {
		return terminal.Usage(err)
	}
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	got, err := say(ctx, server, id)
	if err != nil {
		return err
	}
	p := c.Printer()
	if done, err := p.JSON(got); done {
		return err
	}
	if !got.Suspended {
		p.Linef("%s is a peer like the others again, since %s", p.Accent(string(got.CompanyID)), terminal.Instant(p, got.Since))
		p.Next(c.Next("peers"))
		return nil
	}
	p.Linef("%s is suspended since %s: %s", p.Accent(string(got.CompanyID)), terminal.Instant(p, got.Since), show.Clean(got.Reason))
	p.Linef("%d of its holds have ended; what is RESERVED stands", got.Released)
	p.Next(c.Next("peers", "resume", string(got.CompanyID)) + "   (once its operator and you have agreed)")
	return nil
}

func (c commands) peerToken(ctx context.Context, company string) error {
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	t, err := server.PeerToken(ctx, charging.CompanyID(company))
	if err != nil {
		return err
	}
	p := c.Printer()
	if done, err := p.JSON(t); done {
		return err
	}
	fmt.Fprintln(c.Out, t.Token)
	p.Next("curl --header 'Authorization: Bearer …' ADDRESS/federation/v1/company     until " + terminal.Instant(p, t.ExpiresAt))
	return nil
}

func (c commands) peers(ctx context.Context) error {
	server, err := c.AsOperator()
	if err != nil {
		return err
	}
	peers, err := server.Peers(ctx)
	if err != nil {
		return err
	}
	p := c.Printer()
	if peers == nil {
		peers = []api.Peer{}
	}
	if done, err := p.JSON(peers); done {
		return err
	}
	var rows [][]string
	for _, peer := range peers {
		seen := "never"
		if !peer.LastSeen.IsZero() {
			seen = terminal.Instant(p, peer.LastSeen)
		}
		rows = append(rows, []string{
			p.Accent(string(peer.CompanyID)), show.Clean(peer.Name), paintPeer(p, statusOf(peer)), peer.URL, seen,
			fmt.Sprintf("%.1f ms", peer.RTTMillis), fmt.Sprintf("%+.0f ms", peer.SkewMillis),
			strconv.Itoa(peer.Locations), strconv.Itoa(peer.EVSEs), peer.Auth, paintLink(p, peer.MQTT), show.Clean(peer.Detail), paintDrops(p, peer.Dropped),
		})
	}
	p.Table([]string{"Peer", "Name", "Status", "Address", "Last seen", "Round trip", "Clock", "Sites", "EVSEs", "Proof", "MQTT", "Detail", "Dropped"}, rows)
	for _, peer := range peers {
		if d := peer.Dropped; d != nil {
			p.Linef("%s: %s: %s (%s)", p.Accent(string(peer.CompanyID)), show.Clean(d.Last.What), show.Clean(d.Last.Why), terminal.Instant(p, d.Last.At))
		}
	}
	for _, peer := range peers {
		showCalls(p, peer)
		c.accuse(p, peer)
	}
	p.Next(c.Next("doctor"))
	return nil
}

// showCalls says how calls to a peer go, and what it is known by.
func showCalls(p show.Printer, peer api.Peer) {
	if peer.Breaker == "" { // a server of an older edition
		return
	}
	line := fmt.Sprintf("%s: %d calls a minute, %d failed, breaker %s", p.Accent(string(peer.CompanyID)), peer.RequestsPerMinute, peer.FailuresPerMinute, peer.Breaker)
	if !peer.RetryAt.IsZero() {
		line += ", asked again " + terminal.Instant(p, peer.RetryAt)
	}
	if len(peer.Versions) > 0 {
		line += ", speaks " + show.Clean(strings.Join(peer.Versions, ", "))
	}
	for _, k := range peer.Keys {
		line += ", key " + show.Clean(k.ID) + " since " + terminal.Instant(p, k.Since)
	}
	p.Linef("%s", line)
	if f := peer.LastFailure; f != nil {
		p.Linef("%s: last failed %s: %s", p.Accent(string(peer.CompanyID)), terminal.Instant(p, f.At), show.Clean(f.Detail))
	}
}

// accuse says what a peer was caught at, and that it is suspended.
func (c commands) accuse(p show.Printer, peer api.Peer) {
	if k := peer.Caught; k != nil {
		p.Linef("%s: caught %s: %s (%s)", p.Accent(string(peer.CompanyID)), p.Bad(times(k.Count)), show.Clean(k.What), terminal.Instant(p, k.At))
	}
	if s := peer.Suspended; s != nil {
		p.Linef("%s: %s since %s: %s", p.Accent(string(peer.CompanyID)), p.Bad("suspended"), terminal.Instant(p, s.Since), show.Clean(s.Reason))
	}
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return strconv.FormatInt(n, 10) + " times"
}

// statusOf is how a peer is, and whether it is suspended.
func statusOf(peer api.Peer) string {
	if peer.Suspended != nil {
		return "suspended"
	}
	return peer.Status
}

// paintDrops counts what was left out of the peer's answers.
func paintDrops(p show.Printer, d *api.PeerDrops) string {
	if d == nil {
		return "0"
	}
	return p.Wait(strconv.FormatInt(d.Count, 10))
}

// paintLink says whether the peer's broker is heard.
func paintLink(p show.Printer, l *api.PeerLink) string {
	switch {
	case l == nil:
		return "-"
	case l.Online:
		return p.Good("online")
	}
	return p.Bad("offline")
}

func paintPeer(p show.Printer, status string) string {
	switch status {
	case "up":
		return p.Good(status)
	case "skewed", "unknown":
		return p.Wait(status)
	}
	return p.Bad(status)
}
