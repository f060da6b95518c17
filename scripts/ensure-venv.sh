#!/bin/bash
# Makes the virtual environment $1 anew: the pip and the build back end of $2/build.txt, then what $2/run.txt holds.
set -eu -o pipefail

here=$(dirname "$0")
venv=$1
locks=$2
python3 -m venv --clear "$venv" >/dev/null 2>&1 || {
  # Debian splits ensurepip into python3-venv: without it the first try leaves half an environment.
  "$here/ensure-packages.sh" python3-venv
  python3 -m venv --clear "$venv"
}
pip() { "$venv/bin/pip" "$@" --quiet --disable-pip-version-check; }
pip install --require-hashes --requirement "$locks/build.txt"
pip uninstall --yes setuptools # Python 3.11 brings one that nobody locked
pip install --require-hashes --requirement "$locks/run.txt"
