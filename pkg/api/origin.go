package api

import (
	"fmt"
	"net/url"
	"strings"
)

// CheckOrigin refuses what is no origin of pages as a browser writes it
// (https://app.example, http://127.0.0.1:5173), nor "*", which is every origin.
func CheckOrigin(origin string) error {
	if origin == "*" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Contains(u.Host, "*") || origin != u.Scheme+"://"+u.Host {
		return fmt.Errorf("%q is no origin such as https://app.example or http://127.0.0.1:5173, nor *", origin)
	}
	return nil
}
