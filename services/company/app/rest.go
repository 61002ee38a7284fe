package app

import "context"

func (a *App) openREST(context.Context) error { return nil }
