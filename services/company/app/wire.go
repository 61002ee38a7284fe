package app

import (
	"context"
	"errors"
)

type rooms struct{ storeKind, storeLoses string }

func (a *App) wire(context.Context) error { return errors.New("not yet") }
func (a *App) strangers() []string        { return nil }
func (a *App) MQTTAddr() string           { return "" }
func (a *App) WebSocketAddr() string      { return "" }
func (a *App) StoreAddr() string          { return "" }
func (a *App) MQTTURL() string            { return "" }
