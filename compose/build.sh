#!/usr/bin/env bash
# Builds the image eletrovia:local (or $ELETROVIA_IMAGE) from this working tree. Needs Go and Docker,
# and no image registry.
set -euo pipefail
cd "$(dirname "$0")/.."
image=${ELETROVIA_IMAGE:-eletrovia:local}
dist=dist

mkdir -p "$dist"
CGO_ENABLED=0 go build -buildvcs=false -trimpath -o "$dist/" ./services/eletrovia ./simulator
# The classic builder: it is everywhere, also where buildx is not.
DOCKER_BUILDKIT=0 docker build --quiet --tag "$image" --file compose/Dockerfile "$dist" 2>/dev/null
