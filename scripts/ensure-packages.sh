#!/bin/bash
# Installs the Debian packages named as arguments that are missing; does nothing when all are there.
set -eu -o pipefail

missing=()
for package in "$@"; do
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "These packages are missing and there is no apt-get to install them: ${missing[*]}." >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "These packages are missing, run as root or install them first: apt-get install ${missing[*]}" >&2
  exit 1
fi

echo "Installing Debian packages: ${missing[*]}."
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install --quiet --quiet --yes --no-install-recommends "${missing[@]}" >/dev/null; }
# Package lists may be absent or older than the mirror: then they are fetched, once.
if ! install 2>/dev/null; then
  apt-get update --quiet --quiet
  install
fi
