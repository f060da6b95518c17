#!/bin/bash
# Writes requirements/*.txt: every direct and indirect dependency, with version and hashes, for Python 3.11 and later.
# Usage: lock.sh UV [--upgrade]; without --upgrade what is locked stays, as far as pyproject.toml allows.
set -eu -o pipefail

cd "$(dirname "$0")/.."
uv=$1
shift

resolve() {
  "$uv" pip compile --no-config --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --emit-build-options --output-file "$@"
}
wheels=(--only-binary :all:) # what builds source distributions would not be locked
resolve requirements/dev.txt pyproject.toml "${wheels[@]}" --extra sql --group dev "$@"
# The others are parts of it: what runs is what was tested.
resolve requirements/sql.txt pyproject.toml "${wheels[@]}" --extra sql --constraint requirements/dev.txt
resolve requirements/run.txt pyproject.toml "${wheels[@]}" --constraint requirements/dev.txt
resolve requirements/build.txt "${wheels[@]}" --group build --constraint requirements/dev.txt
resolve requirements/compose.txt --group compose "$@"
