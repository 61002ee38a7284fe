#!/usr/bin/env bash
# Builds the image eletrovia:local (or $ELETROVIA_IMAGE) from this working tree. Needs Go and Docker,
# and no image registry.
set -euo pipefail
cd "$(dirname "$0")/.."
image=${ELETROVIA_IMAGE:-eletrovia:local}

mkdir -p dist/data
CGO_ENABLED=0 go build -buildvcs=false -trimpath -o dist/ ./services/eletrovia ./simulator
# The classic builder: it is everywhere, also where buildx is not.
log=$(mktemp)
DOCKER_BUILDKIT=0 docker build --tag "$image" --file compose/Dockerfile dist </dev/null >"$log" 2>&1 || {
  cat "$log"
  rm -f "$log"
  exit 1
}
rm -f "$log"
echo "$image"
