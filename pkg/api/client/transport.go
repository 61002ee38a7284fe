package client

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// NewHTTP is an http.Client made for many small calls to few hosts: it keeps
// enough connections, knows no proxy, asks for no compression, follows no
// redirect, and has no time-out of its own (each call has). conf may be nil.
func NewHTTP(conf *tls.Config) *http.Client {
	dialer := &net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // HTTP/2 measured slower here
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        conf,
			TLSHandshakeTimeout:    3 * time.Second,
			Protocols:              protocols,
			DisableCompression:     true,
			MaxIdleConns:           4096,
			MaxIdleConnsPerHost:    512,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
