// Package e2e tests whole systems as their users meet them: three companies
// with a real store each, over REST and MQTT, with a link between them that can
// be cut, slowed or made to talk rubbish. It sees no room of a server; what it
// asserts it reads from the outside: the APIs, and the stores' keys.
package e2e
