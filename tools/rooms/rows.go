package main

// root is the prefix of the paths of our five modules; the rest of a path is its folder.
const root = "github.com/eletrovia/eletrovia/"

// Third-party modules, named once so that the table below stays readable.
const (
	breaker    = "github.com/sony/gobreaker/v2"
	cobra      = "github.com/spf13/cobra"
	crypto     = "golang.org/x/crypto"
	echo       = "github.com/labstack/echo/v4"
	goRedis    = "github.com/redis/go-redis/v9"
	jose       = "github.com/go-jose/go-jose/v4"
	gopherLua  = "github.com/yuin/gopher-lua"
	lipgloss   = "charm.land/lipgloss/v2"
	miniredis  = "github.com/alicebob/miniredis/v2"
	gorilla    = "github.com/gorilla/websocket"
	mochi      = "github.com/mochi-mqtt/server/v2"
	openapi    = "github.com/getkin/kin-openapi"
	pebble     = "github.com/cockroachdb/pebble"
	pflag      = "github.com/spf13/pflag"
	paho       = "github.com/eclipse/paho.mqtt.golang"
	prometheus = "github.com/prometheus/client_golang"
	porcupine  = "github.com/anishathalye/porcupine"
	rapid      = "pgregory.net/rapid"
	rate       = "golang.org/x/time"
	syncx      = "golang.org/x/sync"
	term       = "golang.org/x/term"
	uuid       = "github.com/google/uuid"
	yaml       = "github.com/goccy/go-yaml"
	zerolog    = "github.com/rs/zerolog"
)

// room is one row of the import table: what the code of one folder may import.
//
// Names ending in /... mean the folder and all below it. The standard library is free but for noStd.
// Test files may import, besides, what test and anyTest name, every room of their own module, and the
// whole standard library: the compiler already keeps them out of cycles.
type room struct {
	path  string   // folder, from the top of the workspace
	own   []string // our packages
	third []string // third-party modules
	noStd []string // packages of the standard library that have no business here
	test  []string // more for test files: our packages and third-party modules
	suite bool     // a test suite as ordinary code: may import testing
}

// anyTest is what the test files of every room may import.
var anyTest = []string{"pkg/api/apitest", "pkg/bubbletest", "pkg/charging/companytest", miniredis, rapid, zerolog}

// noIO is what a room without input and output leaves alone.
var noIO = []string{"net", "net/http/...", "net/rpc/...", "os/...", "syscall", "io/ioutil", "log/...", "database/sql/..."}

// noHTTP is for rooms that talk to the outside through somebody else's hands.
var noHTTP = []string{"net", "net/http/...", "net/rpc/...", "database/sql/..."}

// rooms is the table of the house (docs/architecture.md). A new package lands with its row.
var rooms = []room{
	// pkg: what two processes must agree on.
	{path: "pkg/bubbletest", suite: true},
	{path: "pkg/legible", noStd: noIO},
	{path: "pkg/geo", noStd: noIO},
	{path: "pkg/road", own: []string{"pkg/geo"}, noStd: noIO},
	{path: "pkg/road/internal/gen", own: []string{"pkg/geo", "pkg/road"}}, // writes the embedded data; run by hand
	{path: "pkg/vehicle", own: []string{"pkg/charging", "pkg/geo", "pkg/road"}, noStd: noIO},
	{path: "pkg/charging", own: []string{"pkg/geo"}, noStd: noIO},
	{path: "pkg/charging/companytest", own: []string{"pkg/charging", "pkg/geo"}, third: []string{uuid}, suite: true},
	{path: "pkg/trip", own: []string{"pkg/charging", "pkg/geo"}, noStd: noIO},
	{path: "pkg/problem", own: []string{"pkg/legible"}},
	{
		path: "pkg/api", own: []string{"pkg/charging", "pkg/trip", "pkg/problem", "pkg/geo", "pkg/legible"},
		test: []string{openapi, yaml},
	},
	{path: "pkg/api/apitest", own: []string{"pkg/api"}, third: []string{openapi}, suite: true},
	{path: "pkg/api/client", own: []string{"pkg/api", "pkg/charging", "pkg/trip", "pkg/problem", "pkg/geo", "pkg/legible"}},
	{
		path: "pkg/carlink", own: []string{"pkg/charging", "pkg/trip", "pkg/geo"}, noStd: noIO,
		test: []string{yaml},
	},

	// broker: hides the MQTT server.
	{path: "broker", own: []string{"pkg/carlink", "pkg/charging"}, third: []string{mochi, paho, pebble, gorilla}},
	{
		path: "broker/internal/load", // a command for measurements
		own:  []string{"broker", "broker/brokertest", "pkg/carlink", "pkg/charging"},
	},
	{
		path: "broker/brokertest", own: []string{"broker", "pkg/carlink", "pkg/charging"}, third: []string{paho},
		suite: true,
	},

	// services: processes with policy.
	{
		path:  "services/eletrovia",
		own:   []string{"pkg/...", "simulator/...", "services/company/app", "services/eletrovia/internal/..."},
		third: []string{cobra, lipgloss, pflag, term, yaml, zerolog, syncx, uuid},
	},
	{
		path:  "services/eletrovia/internal/...",
		own:   []string{"pkg/...", "simulator/...", "services/company/app", "services/eletrovia/internal/..."},
		third: []string{cobra, lipgloss, pflag, term, yaml, zerolog, syncx, uuid},
	},
	{ // looks into the stores of its plays, as redis-cli does
		path:  "services/eletrovia/internal/director",
		own:   []string{"pkg/api", "pkg/api/client", "pkg/charging", "pkg/trip", "services/company/app"},
		third: []string{goRedis, zerolog},
	},
	{
		path:  "services/company/app",
		own:   []string{"pkg/...", "broker", "services/web", "services/company/internal/..."},
		third: []string{zerolog, prometheus, syncx},
		test:  []string{paho},
	},
	{
		path: "services/company/internal/httpapi",
		own: []string{
			"pkg/...", "services/web", "services/company/internal/trips", "services/company/internal/desk",
			"services/company/internal/events", "services/company/internal/identity", "services/company/internal/door",
			"services/company/internal/frames", "services/company/internal/overview", "services/company/internal/instants",
			"services/company/internal/elsewhere",
		},
		third: []string{echo, zerolog, prometheus, rate, uuid, yaml},
		test:  []string{openapi},
	},
	{
		path: "services/company/internal/carapi",
		own: []string{
			"pkg/...", "broker", "services/company/internal/trips", "services/company/internal/events",
			"services/company/internal/elsewhere",
			"services/company/internal/identity",
		},
		third: []string{zerolog, uuid},
		test:  []string{paho},
	},
	{
		path: "services/company/internal/trips",
		own: []string{
			"pkg/api", "pkg/charging", "pkg/geo", "pkg/problem", "pkg/road", "pkg/trip", "pkg/vehicle",
			"services/company/internal/planner", "services/company/internal/booking", "services/company/internal/federation",
			"services/company/internal/admission",
			"services/company/internal/events",
		},
		third: []string{zerolog, uuid, syncx}, noStd: noHTTP,
	},
	{
		path: "services/company/internal/courier", own: []string{"pkg/api", "pkg/charging", "pkg/trip"},
		noStd: noHTTP,
	},
	{
		path:  "services/company/internal/planner",
		own:   []string{"pkg/charging", "pkg/geo", "pkg/road", "pkg/trip", "pkg/vehicle"},
		noStd: noIO,
	},
	{
		path:  "services/company/internal/forecast",
		own:   []string{"pkg/geo", "pkg/road", "pkg/vehicle"},
		noStd: noIO,
	},
	{
		path: "services/company/internal/driven", own: []string{"pkg/charging", "pkg/geo", "pkg/trip"},
		noStd: noHTTP,
	},
	{
		path: "services/company/internal/roadside",
		own: []string{
			"pkg/carlink", "pkg/charging", "pkg/geo", "pkg/road", "pkg/trip", "pkg/vehicle",
			"services/company/internal/forecast", "services/company/internal/planner",
		},
		noStd: noHTTP,
	},
	{
		// The engine: it runs records, and knows no trips.
		path: "services/company/internal/saga", own: []string{"pkg/charging"},
		third: []string{uuid}, noStd: noHTTP,
	},
	{
		// The trip: what to do next. It keeps nothing but through the engine.
		path:  "services/company/internal/booking",
		own:   []string{"pkg/charging", "pkg/trip", "services/company/internal/saga"},
		third: []string{uuid}, noStd: noHTTP,
	},
	{
		path:  "services/company/internal/federation",
		own:   []string{"pkg/api/...", "pkg/charging", "pkg/geo", "pkg/legible", "pkg/problem", "pkg/trip"},
		third: []string{breaker, zerolog, syncx},
	},
	{
		path: "services/company/internal/desk", own: []string{"pkg/charging", "pkg/geo"},
		third: []string{zerolog, uuid, syncx, rate}, noStd: noHTTP,
	},
	{
		path: "services/company/internal/store", own: []string{"pkg/charging", "pkg/trip", "pkg/geo"},
		third: []string{goRedis, zerolog, uuid, syncx},
		test:  []string{gopherLua},
	},
	{path: "services/company/internal/store/embedded", third: []string{goRedis, miniredis, zerolog}},
	{
		path: "services/company/internal/identity", own: []string{"pkg/charging", "pkg/geo"},
		third: []string{jose, crypto, zerolog, uuid, syncx}, noStd: noHTTP,
	},
	{
		path: "services/company/internal/inventory", own: []string{"pkg/api", "pkg/charging", "pkg/geo", "pkg/legible", "pkg/road"},
		third: []string{yaml}, noStd: noHTTP,
	},
	{
		path:  "services/company/internal/peerlink",
		own:   []string{"pkg/carlink", "pkg/charging", "pkg/trip", "services/company/internal/events"},
		third: []string{paho, zerolog},
		test:  []string{"broker"},
	},
	{path: "services/company/internal/instants", noStd: noIO},
	{path: "services/company/internal/bell", noStd: noIO},
	{path: "services/company/internal/frames", own: []string{"pkg/trip", "pkg/charging", "pkg/geo", "services/company/internal/bell", "services/company/internal/events"}, noStd: noIO},
	{path: "services/company/internal/overview", own: []string{"pkg/api", "pkg/trip", "pkg/charging", "services/company/internal/bell", "services/company/internal/events"}, noStd: noIO},
	{path: "services/company/internal/door", third: []string{rate}},
	{
		path:  "services/company/internal/elsewhere",
		own:   []string{"pkg/api/...", "pkg/carlink", "pkg/charging", "pkg/trip", "services/company/internal/identity"},
		third: []string{rate},
	},
	{path: "services/company/internal/admission", own: []string{"pkg/charging"}, noStd: noIO},
	{path: "services/company/internal/replicas", own: []string{"pkg/charging"}, noStd: noIO},
	{path: "services/company/internal/events", own: []string{"pkg/trip", "pkg/charging", "pkg/geo", "services/company/internal/instants"}, noStd: noIO},
	{path: "services/web"},
	{
		path:  "services/e2e",
		own:   []string{"pkg/...", "broker/brokertest", "simulator/...", "services/company/app"},
		third: []string{goRedis, paho, zerolog, uuid, syncx},
		suite: true,
	},
	{
		path:  "services/e2e/aftermath",
		own:   []string{"pkg/charging", "pkg/geo", "pkg/road", "pkg/vehicle", "services/company/app"},
		third: []string{goRedis, paho, zerolog},
	},
	{
		path:  "services/e2e/stores",
		own:   []string{"pkg/...", "services/company/app", "services/e2e/chaos/fleet", "services/e2e/chaos/history", "services/e2e/program", "services/e2e/redisrig"},
		third: []string{zerolog},
	},
	{
		path: "services/e2e/everywhere",
		own:  []string{"pkg/...", "services/e2e/chaos/fleet", "services/e2e/program", "services/e2e/redisrig"},
	},
	{path: "services/e2e/program", suite: true},
	{path: "services/e2e/browser", own: []string{"pkg/api", "pkg/api/client", "pkg/carlink", "pkg/charging", "pkg/trip", "services/e2e/chaos/fleet", "services/e2e/chaos/link", "services/e2e/program", "simulator/fleet"}},
	{path: "services/e2e/floods", own: []string{"services/e2e/program"}},
	{path: "services/e2e/requests", test: []string{"pkg/api", "pkg/charging", "services/company/app", openapi}},
	{path: "services/e2e/redisrig", third: []string{goRedis}, suite: true},
	{
		path: "services/e2e/upgrade", own: []string{"pkg/...", "services/company/app", "services/e2e/redisrig", "services/e2e/upgrade/fixture"},
		third: []string{goRedis, paho, zerolog},
	},
	{path: "services/e2e/upgrade/fixture", third: []string{goRedis}},
	// It runs the programs of any commit, and so knows their contract only.
	{path: "services/e2e/upgrade/record", own: []string{"services/e2e/upgrade/fixture"}, third: []string{goRedis, paho}},
	{path: "services/e2e/model", own: []string{"pkg/charging", "pkg/trip"}, noStd: noIO},
	{path: "services/e2e/model/explore", own: []string{"services/e2e/model"}},
	{path: "services/e2e/replicas", own: []string{"pkg/...", "services/e2e/program", "services/e2e/redisrig"}, third: []string{goRedis, paho}},

	{path: "services/e2e/chaos/history", own: []string{"pkg/charging", "pkg/trip"}, noStd: noHTTP},
	{
		path: "services/e2e/chaos/judge", own: []string{"pkg/api", "pkg/charging", "pkg/trip", "services/e2e/chaos/history"},
		third: []string{porcupine}, noStd: noHTTP,
	},
	{path: "services/e2e/chaos/link"},
	{
		path:  "services/e2e/chaos/fleet",
		own:   []string{"pkg/charging", "pkg/trip", "services/e2e/chaos/history", "services/e2e/chaos/link"},
		third: []string{goRedis},
	},
	{
		path: "services/e2e/chaos/cheat", own: []string{"pkg/api", "pkg/charging", "services/e2e/chaos/history"}, third: []string{uuid},
		test: []string{"pkg/api/client"},
	},
	{path: "services/e2e/chaos/...", own: []string{"pkg/...", "services/e2e/chaos/..."}, third: []string{goRedis, paho, uuid}},

	// simulator: the outside world; speaks MQTT and REST only.
	{path: "simulator", own: []string{"pkg/...", "simulator/..."}, third: []string{cobra, zerolog, yaml}},
	{
		path: "simulator/fleet", own: []string{"pkg/..."}, third: []string{paho, zerolog, uuid, syncx},
		test: []string{"broker"},
	},
	{path: "simulator/board", own: []string{"simulator/fleet"}},
	{path: "simulator/report", own: []string{"pkg/...", "simulator/fleet"}},
	{
		path: "simulator/scenario", own: []string{"pkg/...", "simulator/fleet"}, third: []string{zerolog, yaml, uuid, syncx},
	},

	// tools alone.
	{path: "tools"},
	{path: "tools/rooms"},
	{path: "tools/mutants"},
	{path: "tools/shape"},
}

// modules is the order of the five modules: each may import itself and those named.
var modules = map[string][]string{
	"pkg":       nil,
	"broker":    {"pkg"},
	"simulator": {"pkg"},
	"services":  {"pkg", "broker", "simulator"},
	"tools":     nil,
}

// topLevel is what lies at the top of the workspace, besides names that begin with a dot.
var topLevel = []string{
	"services", "pkg", "broker", "simulator", "compose", "docs", "tools",
	"Taskfile.yml", "go.work", "go.work.sum", "README.md", "SECURITY.md", "LICENSE",
}
