#!/bin/bash
# Makes the virtual environment $1 with a pip that knows dependency groups (25.1); keeps one that exists.
set -eu -o pipefail

here=$(dirname "$0")
venv=$1
[ -x "$venv/bin/pip" ] || {
  # Debian splits ensurepip into python3-venv: without it the first try leaves half an environment.
  python3 -m venv "$venv" >/dev/null 2>&1 || {
    rm -rf "$venv"
    "$here/ensure-packages.sh" python3-venv
    python3 -m venv "$venv"
  }
}
"$venv/bin/pip" install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
