#!/usr/bin/env bash
# Books a trip over three companies in containers, each on a Docker network of its own, with a Redis of
# its own, reached by the others only through its published address, as on three computers.
#   compose/containers.sh          does it and tears everything down
#   compose/containers.sh check    says what is missing for it, and fails then
# No image registry is needed. Where no Docker daemon runs, root starts one for the time of the check.
set -euo pipefail
cd "$(dirname "$0")/.."

missing() {
  [ "$(uname -s)" = Linux ] || { echo "they need Linux, where a network's gateway is an address of this machine"; return; }
  command -v docker >/dev/null || { echo "they need Docker (Debian: apt-get install docker.io)"; return; }
  docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null ||
    { echo "they need Docker Compose (Debian: apt-get install docker-compose)"; return; }
  command -v redis-server >/dev/null || { echo "they need a redis-server to make an image of (Debian: apt-get install redis-server)"; return; }
  docker info >/dev/null 2>&1 && return
  command -v dockerd >/dev/null || { echo "they need a Docker daemon that runs, or dockerd"; return; }
  [ "$(id -u)" = 0 ] || echo "they need a Docker daemon that runs; only root can start one"
}
why=$(missing)
if [ -n "$why" ]; then
  echo "$why"
  exit 1
fi
[ "${1:-}" != check ] || exit 0

tmp=$(mktemp -d)
daemon=
companies=(mar ser caj)
project() { echo "eletrovia-check-$1"; }
address() { case $1 in mar) echo 172.31.241.1 ;; ser) echo 172.31.242.1 ;; caj) echo 172.31.243.1 ;; esac; }
compose() {
  if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi
}
# at COMPANY ARG… runs compose for one company's computer.
at() {
  compose --project-name "$(project "$1")" --env-file "$tmp/$1.env" --file compose/company.yaml --file "$tmp/$1.net.yaml" "${@:2}"
}

finish() {
  code=$?
  set +e
  for c in "${companies[@]}"; do
    [ -e "$tmp/$c.net.yaml" ] || continue
    if [ $code -ne 0 ]; then
      echo "--- $c"
      at "$c" logs --no-color --tail 40 server
    fi
    at "$c" down --volumes --timeout 3 >/dev/null 2>&1
  done
  if [ -n "$daemon" ]; then
    kill "$daemon" && wait "$daemon"
  fi
  rm -rf "$tmp"
}
trap finish EXIT

# daemon_up starts a Docker daemon with everything of its own below $tmp. It leaves the packet filter and
# the bridges of this machine alone: published ports go through docker's own proxy. Where that or the
# stacking of file systems does not work, it tries again otherwise.
daemon_up() {
  export DOCKER_HOST=unix://$tmp/docker.sock
  quiet="--bridge=none --iptables=false --ip6tables=false"
  for options in "$quiet" "$quiet --storage-driver=vfs" "" "--storage-driver=vfs"; do
    # shellcheck disable=SC2086 # the options are words
    dockerd --host "$DOCKER_HOST" --pidfile "$tmp/dockerd.pid" --data-root "$tmp/docker" --exec-root "$tmp/exec" $options \
      </dev/null >"$tmp/dockerd.log" 2>&1 &
    daemon=$!
    for _ in $(seq 300); do
      docker info >/dev/null 2>&1 && return
      kill -0 "$daemon" 2>/dev/null || break
      sleep 0.1
    done
    kill "$daemon" 2>/dev/null || true
    wait "$daemon" || true
    daemon=
  done
  echo "no Docker daemon could be started:"
  tail -n 20 "$tmp/dockerd.log"
  return 1
}
docker info >/dev/null 2>&1 || daemon_up

echo "building the images"
export ELETROVIA_IMAGE=eletrovia:check REDIS_IMAGE=eletrovia-redis:check
compose/redis-image.sh "$REDIS_IMAGE" >/dev/null
compose/build.sh

compose/secrets.sh >"$tmp/secrets"
operator=$(sed -n 's/^OPERATOR_SECRET=//p' "$tmp/secrets")
for c in "${companies[@]}"; do
  {
    cat "$tmp/secrets"
    echo "REGISTRATION=open"
    echo "COMPANY=${c^^}"
    echo "LISTEN=$(address "$c")"
    for peer in "${companies[@]}"; do echo "HOST_${peer^^}=$(address "$peer")"; done
  } >"$tmp/$c.env"
  subnet=$(address "$c")
  printf 'version: "3.9"\nnetworks: {default: {ipam: {config: [{subnet: %s.0/24}]}}}\n' "${subnet%.*}" >"$tmp/$c.net.yaml"
  at "$c" up --detach >"$tmp/$c.up" 2>&1 || { cat "$tmp/$c.up"; exit 1; }
done

for c in "${companies[@]}"; do
  server=$(at "$c" ps --quiet server)
  for _ in $(seq 120); do
    read -r health restarts < <(docker inspect --format '{{.State.Health.Status}} {{.RestartCount}}' "$server")
    [ "$health" != healthy ] && [ "$restarts" -lt 3 ] || break
    sleep 0.5
  done
  echo "$c at $(address "$c"): $health"
  [ "$health" = healthy ]
  for container in "$server" "$(at "$c" ps --quiet redis)"; do
    confined=$(docker inspect --format '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{gt .HostConfig.Memory 0}}' "$container")
    [ "$confined" = "true [ALL] [no-new-privileges:true] true" ] || { echo "$c: a container is not confined: $confined"; exit 1; }
  done
done

for c in "${companies[@]}"; do
  url=http://$(address "$c"):8080
  car=$(curl --silent --show-error --fail --max-time 10 --json '{"model": "byd-dolphin"}' "$url/api/v1/vehicles")
  vehicle=$(sed -n 's/.*"vehicle_id": *"\([^"]*\)".*/\1/p' <<<"$car")
  secret=$(sed -n 's/.*"secret": *"\([^"]*\)".*/\1/p' <<<"$car")
  # Exit code 0 says CONFIRMED.
  ELETROVIA_SECRET=$secret dist/eletrovia reserve --server "$url" --from "João Pessoa, PB" --to "Feira de Santana, BA" \
    --vehicle "$vehicle" --json </dev/null >"$tmp/trip.json"
  for owner in MAR SER CAJ; do
    grep -qE "\"company_id\": *\"$owner\"" "$tmp/trip.json" || { echo "the trip from $c has no stop of $owner"; cat "$tmp/trip.json"; exit 1; }
  done
  grep -qE '"state": *"CONFIRMED"' "$tmp/trip.json" || { cat "$tmp/trip.json"; exit 1; }
  echo "booked at $c: CONFIRMED over MAR, SER and CAJ"
done

# What the three stores hold now: a calendar entry each, and not one lock.
for c in "${companies[@]}"; do
  redis=$(at "$c" ps --quiet redis)
  locks=$(docker exec "$redis" redis-cli --scan --pattern 'lock:*')
  calendars=$(docker exec "$redis" redis-cli --scan --pattern 'cal:*' | wc -l)
  [ -z "$locks" ] || { echo "$c still has locks: $locks"; exit 1; }
  [ "$calendars" -gt 0 ] || { echo "$c has nothing in its calendars"; exit 1; }
  curl --silent --fail --max-time 10 --user "operator:$operator" "http://$(address "$c"):8080/api/v1/locks" >/dev/null
  echo "$c: $calendars EVSEs with reservations, no lock left"
done
echo "containers: three companies on three networks, booked from each"
