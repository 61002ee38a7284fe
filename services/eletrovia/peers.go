package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/eletrovia/internal/show"
)

func (c *cli) peersCommand() *cobra.Command {
	all := &cobra.Command{
		Use: "peers", Short: "Show the other companies as the server sees them (operator)",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.peers(cmd.Context()) },
	}
	all.AddCommand(&cobra.Command{
		Use: "token COMPANY", Short: "Make what this company shows to a peer, to try that by hand (operator); good there for two minutes",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.peerToken(cmd.Context(), args[0]) },
	})
	return all
}

func (c *cli) peerToken(ctx context.Context, company string) error {
	server, err := c.asOperator()
	if err != nil {
		return err
	}
	t, err := server.PeerToken(ctx, charging.CompanyID(company))
	if err != nil {
		return err
	}
	p := c.printer()
	if done, err := p.JSON(t); done {
		return err
	}
	fmt.Fprintln(c.out, t.Token)
	p.Next("curl --header 'Authorization: Bearer …' ADDRESS/federation/v1/company     until " + instant(p, t.ExpiresAt))
	return nil
}

func (c *cli) peers(ctx context.Context) error {
	server, err := c.asOperator()
	if err != nil {
		return err
	}
	peers, err := server.Peers(ctx)
	if err != nil {
		return err
	}
	p := c.printer()
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
			seen = instant(p, peer.LastSeen)
		}
		rows = append(rows, []string{
			p.Accent(string(peer.CompanyID)), show.Clean(peer.Name), paintPeer(p, peer.Status), peer.URL, seen,
			fmt.Sprintf("%.1f ms", peer.RTTMillis), fmt.Sprintf("%+.0f ms", peer.SkewMillis),
			strconv.Itoa(peer.Locations), strconv.Itoa(peer.EVSEs), peer.Auth, paintLink(p, peer.MQTT), show.Clean(peer.Detail), paintDrops(p, peer.Dropped),
		})
	}
	p.Table([]string{"Peer", "Name", "Status", "Address", "Last seen", "Round trip", "Clock", "Sites", "EVSEs", "Proof", "MQTT", "Detail", "Dropped"}, rows)
	for _, peer := range peers {
		if d := peer.Dropped; d != nil {
			p.Linef("%s: %s: %s (%s)", p.Accent(string(peer.CompanyID)), show.Clean(d.Last.What), show.Clean(d.Last.Why), instant(p, d.Last.At))
		}
	}
	p.Next(c.next("doctor"))
	return nil
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
