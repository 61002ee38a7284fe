#!/usr/bin/env bash
# Makes a Redis image from this machine's redis-server, for machines without an image registry:
#   compose/redis-image.sh TAG
set -euo pipefail
tag=${1:?usage: compose/redis-image.sh TAG}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$root/data" "$root/tmp" "$root/bin"
for program in redis-server redis-cli; do
  path=$(readlink -f "$(command -v "$program")")
  cp -L "$path" "$root/bin/$program"
  # The libraries that it is linked with, at the same places.
  ldd "$path" | grep -oE '/[^ ]+' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
done
chown 65532:65532 "$root/data"
tar -C "$root" -c . | docker import \
  --change 'ENV PATH=/bin' --change 'USER 65532:65532' --change 'WORKDIR /data' \
  --change 'VOLUME /data' --change 'EXPOSE 6379' --change 'CMD ["redis-server"]' - "$tag" >/dev/null
echo "$tag"
