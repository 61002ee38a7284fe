#!/usr/bin/env bash
# Prints a fresh secret of the operator in the form of an .env file:  compose/secrets.sh > compose/.env
# Companies share no secret: each proves itself by a key that its server makes at its first start and keeps in /data.
set -euo pipefail
echo "OPERATOR_SECRET=$(head -c 24 /dev/urandom | base64 | tr -d '/+=\n')"
