#!/usr/bin/env bash
# Prints fresh secrets in the form of an .env file:  compose/secrets.sh > compose/.env
# The three companies of one federation share these lines; add them to each computer's .env.
set -euo pipefail
secret() { head -c 24 /dev/urandom | base64 | tr -d '/+=\n'; }
echo "TOKEN_MAR=$(secret)"
echo "TOKEN_SER=$(secret)"
echo "TOKEN_CAJ=$(secret)"
echo "OPERATOR_SECRET=$(secret)"
