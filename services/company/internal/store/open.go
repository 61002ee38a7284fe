package store

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Options of a store. Only URL is required.
type Options struct {
	// URL of the Redis: redis://[user:pass@]host:port/db, rediss:// with TLS,
	// redis+sentinel://[user:pass@]host1,host2/master/db and
	// redis+cluster://[user:pass@]host1,host2 (rediss+… with TLS).
	URL string
	// Prefix before all keys, where companies share a Redis.
	Prefix string
	// Civil is the clock of windows, plugging in and no-show; nil: Redis TIME.
	// Holds lapse by Redis in any case.
	Civil func() time.Time
	// Replicas is how many replicas must have what a caller relies on (a confirm,
	// a release, a step of the journal) before it is answered, so that a
	// fail-over does not take it back. 0: one behind Sentinel, else none; less
	// than 0: none.
	Replicas int
	// Log gets what go-redis would print; nil: nothing.
	Log *slog.Logger
	// Limits of what one may take, and what is counted for them; the zero value
	// counts nothing.
	Limits charging.Limits
	// Retention is how long a reservation's record outlives its window, 48 h by default.
	Retention time.Duration
	// TripRetention is how long a finished trip outlives its last window, 72 h by default.
	TripRetention time.Duration
	// PoolSize is the number of connections (per node), 64 by default.
	PoolSize int
	// CallTimeout bounds one read or write on a connection, 1.5 s by default.
	// Every step is idempotent and is tried twice.
	CallTimeout time.Duration
	// BatchAbove is how many scripts may be in flight one by one; those beyond
	// go in batches. Batches cost less (about an eighth of the CPU of a booked
	// trip at 64 callers), single scripts are answered sooner. 0 is 8, less
	// than 0 never batches.
	BatchAbove int
	// TLS replaces the settings that rediss:// implies.
	TLS *tls.Config
}

func (o *Options) setDefaults() {
	if o.Retention <= 0 {
		o.Retention = 48 * time.Hour
	}
	if o.TripRetention <= 0 {
		o.TripRetention = 72 * time.Hour
	}
	if o.PoolSize <= 0 {
		o.PoolSize = 64
	}
	o.BatchAbove = cmp.Or(o.BatchAbove, 8)
	if o.CallTimeout <= 0 {
		o.CallTimeout = 1500 * time.Millisecond
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

func (o Options) replicas(sentinel bool) int {
	if o.Replicas == 0 && sentinel {
		return 1
	}
	return max(0, o.Replicas)
}

// Store is one company's Redis. Its methods may be called at the same time.
type Store struct {
	Calendar
	Journal
	Registry
	Bus
	Audit
	Messages Messages
	*conn
}

// conn is what the parts of a Store share.
type conn struct {
	rdb redis.UniversalClient
	// batch sends the scripts of concurrent callers together; inFlight counts
	// those callers.
	batch    redis.Scripter
	inFlight atomic.Int64
	keys     keys
	o        Options
	cluster  bool
	// replicas that must have a promise.
	replicas int
	sentinel bool
	db       int
	// skew is Redis TIME minus this machine's clock, in ms, as last seen.
	skew atomic.Int64
	// marks are what each location's incarnation must be before it grants; nil
	// without a Mark.
	incarnations atomic.Pointer[map[charging.LocationID]string]
	// suspects are locations where a grant has met another incarnation (LocationID → nil).
	suspects sync.Map
}

// Open connects, loads the scripts and reads the clock. The context bounds the
// opening only. A malformed URL or prefix is an error of its own;
// STORE_UNAVAILABLE when Redis does not answer.
func Open(ctx context.Context, o Options) (*Store, error) {
	o.setDefaults()
	k, err := newKeys(o.Prefix)
	if err != nil {
		return nil, err
	}
	u, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	tune(u, o)
	quiet.Do(func() { redis.SetLogger(driverLog{o.Log}) })
	c := &conn{keys: k, o: o, cluster: u.IsClusterMode, replicas: o.replicas(u.MasterName != ""), sentinel: u.MasterName != "", db: u.DB, rdb: client(u)}
	if err := c.warm(ctx); err != nil {
		_ = c.rdb.Close()
		return nil, err
	}
	return &Store{
		Calendar: Calendar{conn: c}, Journal: Journal{conn: c, listed: listing{due: map[string]int64{}}},
		Registry: Registry{conn: c}, Bus: Bus{conn: c}, Audit: Audit{conn: c}, Messages: Messages{conn: c}, conn: c,
	}, nil
}

// tune sets what the defaults of go-redis get wrong for us: small pools, long
// time-outs, three retries.
func tune(u *redis.UniversalOptions, o Options) {
	if o.TLS != nil {
		u.TLSConfig = o.TLS
	}
	u.Protocol = 2 // with 3 the client looks for messages that nobody sends before each answer
	u.PoolSize, u.MinIdleConns, u.PoolTimeout = o.PoolSize, min(4, o.PoolSize), 2*time.Second
	u.DialTimeout, u.ReadTimeout, u.WriteTimeout = time.Second, o.CallTimeout, o.CallTimeout
	u.DialerRetries, u.MaxRetries = 1, 1
	u.MinRetryBackoff, u.MaxRetryBackoff = 5*time.Millisecond, 50*time.Millisecond
	u.ContextTimeoutEnabled, u.DisableIdentity = true, true
	u.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// clusterReload is how old the map of a cluster may be. The client's minute
// would be a minute of refusals after a fail-over: a master that is dead does
// not answer MOVED.
const clusterReload = 2 * time.Second

func client(u *redis.UniversalOptions) redis.UniversalClient {
	if !u.IsClusterMode {
		return redis.NewUniversalClient(u)
	}
	o := u.Cluster()
	o.ClusterStateReloadInterval = clusterReload
	return redis.NewClusterClient(o)
}

// quiet keeps go-redis, whose logger is one a process, off stderr: the first
// store's log gets its lines. What matters is also returned as errors.
var quiet sync.Once

type driverLog struct{ to *slog.Logger }

func (l driverLog) Printf(ctx context.Context, format string, v ...any) {
	l.to.DebugContext(ctx, fmt.Sprintf(format, v...))
}

// warm does what the first caller would otherwise wait for.
func (c *conn) warm(ctx context.Context) error {
	if err := c.load(ctx); err != nil {
		return failed(ctx, "load scripts", err)
	}
	if _, err := c.Time(ctx); err != nil {
		return err
	}
	if c.o.BatchAbove < 0 {
		return nil
	}
	batch, err := c.rdb.AutoPipeline()
	if err != nil {
		return fmt.Errorf("store: auto-pipeline: %w", err)
	}
	c.batch = batch
	return nil
}

// Close ends all connections.
func (c *conn) Close() error { return c.rdb.Close() }

// Ping asks whether Redis answers. STORE_UNAVAILABLE.
func (c *conn) Ping(ctx context.Context) error {
	return failed(ctx, "ping", c.rdb.Ping(ctx).Err())
}

// Time is Redis TIME.
func (c *conn) Time(ctx context.Context) (time.Time, error) {
	sent := time.Now()
	t, err := c.rdb.Time(ctx).Result()
	if err != nil {
		return time.Time{}, failed(ctx, "time", err)
	}
	half := time.Since(sent) / 2
	c.skew.Store(t.Sub(sent.Add(half)).Milliseconds())
	return t.UTC(), nil
}

// each calls f for every master, one after the other.
func (c *conn) each(ctx context.Context, f func(context.Context, redis.UniversalClient) error) error {
	if cc, ok := c.rdb.(*redis.ClusterClient); ok {
		var one sync.Mutex
		return cc.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
			one.Lock()
			defer one.Unlock()
			return f(ctx, node)
		})
	}
	return f(ctx, c.rdb)
}

// civil is the argument of a script that judges windows; empty: Redis TIME.
func (c *conn) civil() string {
	if c.o.Civil == nil {
		return ""
	}
	return millis(c.o.Civil())
}

// until is how long t is off by the civil clock, at least zero.
func (c *conn) until(t time.Time) time.Duration {
	now := time.Now
	if c.o.Civil != nil {
		now = c.o.Civil
	}
	return max(0, t.Sub(now()))
}
