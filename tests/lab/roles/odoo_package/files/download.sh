#!/bin/sh
# Download packages of another suite into archives/ of this folder; apt's state is in this folder too.
# usage: download.sh SUITE PACKAGE...
#
# The mirror, the proxy and the like are the machine's own: only the suite differs. The host's sources, lists and cache
# stay as they are.
set -eu
suite=$1
shift

mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME) $(COMPONENT)' 'Origin: Debian' |
    awk '$2 !~ /-/ && $3 == "main" { print $1; exit }')
if [ -z "$mirror" ]; then
    # Before the first `apt-get update` apt knows no origins.
    mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' |
        awk '($2 == "bookworm" || $2 == "oldstable") && $3 == "main" { print $1; exit }')
fi
[ -n "$mirror" ] || { echo "found no Debian mirror in apt's configuration" >&2; exit 1; }

mkdir -p lists/partial archives
: > status
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > sources.list
cat > apt.conf << END
Dir::Etc::sourcelist "$PWD/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$PWD/lists";
Dir::State::status "$PWD/status";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
APT::Sandbox::User "root";
END

export APT_CONFIG="$PWD/apt.conf"
apt-get --quiet update
cd archives
# Only what the suite has now: an older version from an earlier run would be unpacked as well.
apt-get --quiet --print-uris download "$@" | awk '{ print $2 }' | sort > ../wanted
for deb in *.deb; do
    grep -qxF "$deb" ../wanted || rm -f "$deb"
done
apt-get --quiet download "$@"
