#!/bin/sh
# Run a command in a root, as its only user. The caller has unshared mounts and processes.
# usage: SHARED="FOLDER..." enter.sh ROOT COMMAND...      the folders are there at the same paths, read-only
set -eu
root=$1
shift
hostname bare
# A mount point of its own, as the root of a machine is.
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 dev "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
for node in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "$root/dev/${node%:*}" c 1 "${node#*:}"
done
mknod -m 666 "$root/dev/tty" c 5 0
ln -s /proc/self/fd "$root/dev/fd"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
for folder in $SHARED; do
    mkdir -p "$root$folder"
    mount --bind "$folder" "$root$folder"
    mount -o remount,bind,ro "$root$folder"
done
unset SHARED
cd "$root"
exec chroot "$root" sh -c 'cd /root; exec "$@"' sh "$@"
