// Package replicas tests several servers of one company on one store: real
// processes of eletrovia serve and redis-server, killed, frozen and restarted
// under the hands of drivers who never notice.
package replicas
