package main

import (
	"context"

	"github.com/rs/zerolog"

	"github.com/eletrovia/eletrovia/services/company/app"
)

func (c *cli) drive(ctx context.Context, s stage, clock app.Clock, log zerolog.Logger, servers []*app.App) error {
	<-ctx.Done()
	return nil
}

func portOf(addr string) string { return addr }
