#!/bin/sh
# Install further packages in a root that build.sh has built.
# usage: add.sh ROOT DOWNLOADS PACKAGE...
set -eu

# As in build.sh: the mounts end with this process.
if [ -z "${LAB_UNSHARED:-}" ]; then
    LAB_UNSHARED=1 exec unshare --mount --propagation private sh "$0" "$@"
fi

root=$1 downloads=$2
shift 2
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

mkdir -p "$downloads/archives/partial"
mount -t proc proc "$root/proc"
mount --bind "$downloads/archives" "$root/var/cache/apt/archives"
chroot "$root" apt-get --quiet update
chroot "$root" apt-get --quiet --yes --no-install-recommends -o APT::Keep-Downloaded-Packages=true install "$@"
rm -rf "$root"/var/lib/apt/lists/*
