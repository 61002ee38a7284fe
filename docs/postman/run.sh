#!/usr/bin/env bash
# Runs the collection with newman against a fresh demo on ports of its own. Needs Go and npm.
set -euo pipefail
cd "$(dirname "$0")/../.."
tmp=$(mktemp -d)
demo=
finish() {
  code=$?
  if [ -n "$demo" ] && kill -TERM "$demo" 2>/dev/null; then
    # The demo stops its stores; if it does not, end it.
    for _ in $(seq 100); do kill -0 "$demo" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$demo" 2>/dev/null || true
  fi
  if [ $code -ne 0 ] && [ -s "$tmp/demo.log" ]; then
    echo "--- the end of the demo's log"
    tail -n 40 "$tmp/demo.log"
  fi
  rm -rf "$tmp"
}
trap finish EXIT

# free PORT tells whether three ports from PORT on are free.
free() {
  for port in "$1" $(($1 + 1)) $(($1 + 2)); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return 1; fi
  done
}
pick() {
  for port in "$@"; do
    if free "$port"; then echo "$port" && return; fi
  done
  echo "no free ports among $*" >&2
  return 1
}
http=$(pick 18081 18181 18281 18381)
mqtt=$(pick 11881 11981 12081 12181)
redis=$(pick 16381 16481 16581 16681)

if command -v newman >/dev/null; then
  newman=newman
else
  npm install --silent --no-save --no-audit --no-fund --prefix "$tmp/npm" newman@6.2.2 </dev/null >"$tmp/npm.log" 2>&1 || {
    cat "$tmp/npm.log"
    exit 1
  }
  newman=$tmp/npm/node_modules/.bin/newman
fi

go build -buildvcs=false -o "$tmp/eletrovia" ./services/eletrovia
"$tmp/eletrovia" demo --fleet 0 --data "$tmp/data" --http-port "$http" --mqtt-port "$mqtt" --redis-port "$redis" \
  </dev/null >"$tmp/demo.out" 2>"$tmp/demo.log" &
demo=$!
for _ in $(seq 600); do
  grep -qx ready "$tmp/demo.out" && break
  kill -0 "$demo" 2>/dev/null || { echo "the demo ended before it was ready"; exit 1; }
  sleep 0.1
done
grep -qx ready "$tmp/demo.out" || { echo "the demo was not ready within 60 s"; exit 1; }

"$newman" run docs/postman/eletrovia.postman_collection.json \
  --environment docs/postman/demo.postman_environment.json \
  --env-var "mar=http://127.0.0.1:$http" --env-var "ser=http://127.0.0.1:$((http + 1))" --env-var "caj=http://127.0.0.1:$((http + 2))" \
  --timeout 300000 --timeout-request 30000 --color off --disable-unicode "$@"
