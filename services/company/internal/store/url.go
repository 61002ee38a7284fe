package store

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// parseURL reads the four forms of Options.URL. Its errors never repeat the
// URL, which may carry a password.
func parseURL(raw string) (*redis.UniversalOptions, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return nil, errors.New("redis URL: want redis://host:port/db, rediss://…, redis+sentinel://… or redis+cluster://…")
	}
	secure := strings.HasPrefix(scheme, "rediss")
	switch strings.Replace(scheme, "rediss", "redis", 1) {
	case "redis":
		return parseSingle(raw)
	case "redis+sentinel", "redis+cluster":
	default:
		return nil, fmt.Errorf("redis URL: unknown scheme %q", scheme)
	}
	u := &redis.UniversalOptions{IsClusterMode: strings.HasSuffix(scheme, "cluster")}
	rest, query, _ := strings.Cut(rest, "?")
	hosts, path, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(hosts, '@'); at >= 0 {
		if err := credentials(u, hosts[:at]); err != nil {
			return nil, err
		}
		hosts = hosts[at+1:]
	}
	port := "26379"
	if u.IsClusterMode {
		port = "6379"
	}
	for h := range strings.SplitSeq(hosts, ",") {
		addr, err := address(h, port)
		if err != nil {
			return nil, err
		}
		u.Addrs = append(u.Addrs, addr)
	}
	if secure {
		u.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if u.IsClusterMode {
		if strings.Trim(path, "/") != "" || query != "" {
			return nil, errors.New("redis URL: a cluster has no database and no options")
		}
		return u, nil
	}
	return u, sentinel(u, path, query)
}

func parseSingle(raw string) (*redis.UniversalOptions, error) {
	o, err := redis.ParseURL(raw)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return nil, fmt.Errorf("redis URL: %w", err)
	}
	if o.Network != "tcp" {
		return nil, errors.New("redis URL: want a host and port")
	}
	return &redis.UniversalOptions{
		Addrs: []string{o.Addr}, Username: o.Username, Password: o.Password, DB: o.DB, TLSConfig: o.TLSConfig,
	}, nil
}

// sentinel reads master/db and the sentinels' own credentials from the query
// (sentinel_username, sentinel_password).
func sentinel(u *redis.UniversalOptions, path, query string) error {
	master, db, _ := strings.Cut(strings.TrimSuffix(path, "/"), "/")
	if master == "" {
		return errors.New("redis URL: want redis+sentinel://host1,host2/master/db: the master's name is missing")
	}
	u.MasterName = master
	if db != "" {
		n, err := strconv.Atoi(db)
		if err != nil || n < 0 {
			return errors.New("redis URL: the database after the master's name must be a number")
		}
		u.DB = n
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("redis URL: the options after ? are malformed")
	}
	u.SentinelUsername, u.SentinelPassword = q.Get("sentinel_username"), q.Get("sentinel_password")
	return nil
}

func credentials(u *redis.UniversalOptions, userinfo string) error {
	user, pass, _ := strings.Cut(userinfo, ":")
	var err error
	if u.Username, err = url.PathUnescape(user); err != nil {
		return errors.New("redis URL: the user name is not properly escaped")
	}
	if u.Password, err = url.PathUnescape(pass); err != nil {
		return errors.New("redis URL: the password is not properly escaped")
	}
	return nil
}

// address completes host or host:port.
func address(h, port string) (string, error) {
	host, p, err := net.SplitHostPort(h)
	if err != nil {
		host, p = strings.Trim(h, "[]"), port
		if strings.Contains(host, ":") && !strings.HasPrefix(h, "[") {
			return "", fmt.Errorf("redis URL: %q is not a host:port", h)
		}
	}
	if n, err := strconv.ParseUint(p, 10, 16); host == "" || err != nil || n == 0 {
		return "", fmt.Errorf("redis URL: %q is not a host:port", h)
	}
	return net.JoinHostPort(host, p), nil
}
