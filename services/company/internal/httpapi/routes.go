package httpapi

import (
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"
)

// route is one of openapi.yaml, or a page of the web app.
type route struct {
	method, path string
	handle       echo.HandlerFunc
}

const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete

// handlers serve the routes of one kind of caller about one thing. They have what they
// need for that, and know no others.
type handlers interface{ routes(g *guards) []route }

// routes are those of all groups.
func (s *Server) routes() []route {
	var all []route
	for _, one := range s.groups {
		all = append(all, one.routes(s.guards)...)
	}
	return all
}

// newGroups makes the groups of handlers: those of drivers, of the operator, of peers, and of everybody.
func (s *Server) newGroups() []handlers {
	o, audit := s.o, &auditor{kept: s.o.Audit, log: s.o.Log}
	return []handlers{
		&plansAPI{self: o.Company, front: o.FrontDesk, now: o.Now},
		&tripsAPI{self: o.Company, front: o.FrontDesk, elsewhere: o.Elsewhere, now: o.Now, life: s.life},
		&vehiclesAPI{
			identity: o.Identity, front: o.FrontDesk, messages: o.Messages, elsewhere: o.Elsewhere,
			modelOf: o.ModelOf, lastSeen: o.LastSeen, audit: audit,
		},
		s.events,
		&sessionsAPI{self: o.Company, name: o.Name, identity: o.Identity, peers: o.Peers, guards: s.guards, audit: audit},
		&stageAPI{play: o.Stage},

		&operatorAPI{
			self: o.Company, front: o.FrontDesk, desk: o.Desk, identity: o.Identity, messages: o.Messages, board: o.Overview,
			brokerNow: o.Broker, brokerCars: o.BrokerCars, offered: o.Inventory, reload: o.ReloadInventory, audit: audit,
		},
		&ownerAPI{self: o.Company, desk: o.Desk, front: o.FrontDesk, ask: o.Rearrange, now: o.Now, audit: audit},
		&peersAPI{self: o.Company, list: o.Peers, token: o.PeerToken, suspend: o.Suspend, audit: audit},

		&federationAPI{
			self: o.Company, name: o.Name, restURL: o.RESTURL, mqttURL: o.MQTTURL, front: o.FrontDesk, desk: o.Desk,
			identity: o.Identity, messages: o.Messages, keys: o.PublicKeys, revoked: o.Revoked, storeTime: o.StoreTime, suspended: o.Suspended,
		},
		&reservationsAPI{desk: o.Desk},

		&pagesAPI{keys: o.PublicKeys, parts: o.Ready, registry: o.Metrics, docs: sync.OnceValues(renderDocs), web: o.Web},
	}
}

func (s *Server) newGuards() *guards {
	o := s.o
	return &guards{
		self: o.Company, identity: o.Identity, limits: newLimits(o.RateLimit), cookie: cookieName + "_" + string(o.Company),
		elsewhere: o.Elsewhere, hidden: o.Apart, suspended: o.Suspended, refused: o.RefusedPeer, wrongLogin: o.WrongLogin, life: s.life,
	}
}

func (s *Server) newEvents() *eventsAPI {
	o := s.o
	return &eventsAPI{
		front: o.FrontDesk, hub: o.Events, elsewhere: o.Elsewhere, traffic: o.Traffic, board: o.Overview, peers: o.Peers, clock: o.Clock,
		guards: s.guards, log: o.Log, life: s.life, streams: newStreams(o.MaxStreams), forwarded: newStreams(2 * o.MaxStreams),
	}
}

// add serves a route. HEAD answers as GET does (RFC 9110 §9.1; the connection leaves the
// body out), but for a stream: it has no end, and would be opened to say nothing.
func (s *Server) add(r route) {
	if squeezed[r.path] && r.method == http.MethodGet {
		r.handle = squeeze(r.handle)
	}
	s.echo.Add(r.method, r.path, r.handle)
	if r.method == http.MethodGet && !unending[r.path] {
		s.echo.Add(http.MethodHead, r.path, r.handle)
	}
}

// unending are the routes whose answers go on until somebody leaves.
var unending = map[string]bool{"/api/v1/events": true}
