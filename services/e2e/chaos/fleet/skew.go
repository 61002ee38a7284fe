package fleet

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// skewSource shifts the civil clock of a process, and leaves its monotonic one
// alone, so that TTLs keep their length.
const skewSource = `#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long ns(void) {
  static long long skew, known;
  if (!known) {
    const char *ms = getenv("CHAOS_SKEW_MS");
    skew = ms ? atoll(ms) * 1000000LL : 0;
    known = 1;
  }
  return skew;
}

int clock_gettime(clockid_t id, struct timespec *t) {
  int r = syscall(SYS_clock_gettime, id, t);
  if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
    long long at = t->tv_sec * 1000000000LL + t->tv_nsec + ns();
    t->tv_sec = at / 1000000000LL;
    t->tv_nsec = at % 1000000000LL;
  }
  return r;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone) {
  struct timespec now;
  int r = clock_gettime(CLOCK_REALTIME, &now);
  t->tv_sec = now.tv_sec;
  t->tv_usec = now.tv_nsec / 1000;
  return r;
}

time_t time(time_t *t) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (t) *t = now.tv_sec;
  return now.tv_sec;
}
`

// buildSkew compiles the library that skews a store's clock.
func buildSkew(dir string) (string, error) {
	src, lib := filepath.Join(dir, "skew.c"), filepath.Join(dir, "skew.so")
	if err := os.WriteFile(src, []byte(skewSource), 0o600); err != nil {
		return "", fmt.Errorf("fleet: %w", err)
	}
	if out, err := exec.Command("gcc", "-O2", "-shared", "-fPIC", "-o", lib, src).CombinedOutput(); err != nil {
		return "", fmt.Errorf("fleet: gcc (install it, or run without skew): %w: %s", err, out)
	}
	return lib, nil
}
