package chaos

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// reservationPath takes the path of an action on a reservation apart.
func reservationPath(path string) (id, step string) {
	rest, ok := strings.CutPrefix(path, "/federation/v1/reservations/")
	if !ok {
		return "", ""
	}
	id, step, _ = strings.Cut(rest, "/")
	return id, step
}

// grantedAt reads a ticket's time without checking its signature: what the
// companies think of it is in their answer.
func grantedAt(ticket string) string {
	parts := strings.Split(ticket, ".")
	if len(parts) != 3 {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		GrantedAt string `json:"granted_at"`
	}
	if json.Unmarshal(raw, &claims) != nil {
		return ""
	}
	return claims.GrantedAt
}
