#!/bin/bash
# Unpacks Debian 13's Docker Engine into a folder, beside whatever engine the machine has; installs nothing.
# Usage: ensure-debian13-engine.sh FOLDER; then FOLDER/bin first in a PATH runs it.
set -eu -o pipefail

folder=$1
[ ! -s "$folder/complete" ] || exit 0
echo "Unpacking Debian 13's docker.io, docker-cli and containerd into $folder."
rm -rf "$folder"
mkdir -p "$folder"/{lists/partial,cache/archives/partial,root,bin}
folder=$(realpath "$folder")

# The mirror that this machine uses for its own release.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/\?$' || true)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} trixie main" \
  >"$folder/sources.list"
apt() {
  apt-get --quiet --quiet \
    -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root "$@"
}
apt update
(cd "$folder" && apt download docker.io docker-cli containerd)
versions=
for package in "$folder"/*.deb; do
  dpkg --extract "$package" "$folder/root"
  versions+=$(dpkg-deb --show "$package")$'\n'
done
ln -s "$folder"/root/usr/bin/* "$folder"/root/usr/sbin/* "$folder/bin/"
rm -rf "$folder"/{lists,cache} "$folder"/*.deb
printf %s "$versions" >"$folder/complete" # `make versions` prints it
