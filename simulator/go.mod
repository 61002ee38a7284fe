module github.com/eletrovia/eletrovia/simulator

go 1.26.0

require (
	github.com/eclipse/paho.mqtt.golang v1.5.1
	github.com/eletrovia/eletrovia/pkg v0.0.0
	github.com/goccy/go-yaml v1.19.2
	github.com/google/uuid v1.6.0
	github.com/spf13/cobra v1.10.2
)

require (
	github.com/gorilla/websocket v1.5.3 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	golang.org/x/net v0.44.0 // indirect
	golang.org/x/sync v0.17.0 // indirect
)

replace github.com/eletrovia/eletrovia/pkg => ../pkg
