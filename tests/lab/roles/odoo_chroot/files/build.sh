#!/bin/sh
# Build a minimal root of a Debian suite and install Odoo in it.
# usage: DUMMIES="PACKAGE..." LANGUAGES="CODE..." build.sh SUITE ODOO_PACKAGE ROOT DOWNLOADS LAB
set -eu

# Whatever is mounted below is seen by this process only, and gone when it ends, however it ends.
if [ -z "${LAB_UNSHARED:-}" ]; then
    LAB_UNSHARED=1 exec unshare --mount --propagation private sh "$0" "$@"
fi

suite=$1 package=$2 root=$3 downloads=$4 lab=$5
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
# By its codename, as sources may say oldstable; before the first update apt only knows what they say.
mirror=$(apt-get indextargets --format '$(SITE) $(COMPONENT) $(RELEASE) $(CODENAME)' |
    awk '$NF == "bookworm" && $2 == "main" { print $1; exit }')
[ -n "$mirror" ] || { echo "found no Debian mirror in apt's configuration" >&2; exit 1; }

rm -rf "$root"
mkdir -p "$root" "$downloads/base" "$downloads/archives/partial"
debootstrap --variant=minbase --cache-dir="$downloads/base" \
    --keyring=/usr/share/keyrings/debian-archive-keyring.gpg "$suite" "$root" "$mirror"

# Only the main archive: the security archive's index of this suite names files that are gone.
echo "deb $mirror $suite main" > "$root/etc/apt/sources.list"
# The machine's proxy and the like.
apt-config dump | grep -E '^Acquire::(http|https|Check)' > "$root/etc/apt/apt.conf.d/90lab" || true
{
    printf 'path-exclude=%s\n' '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/locale/*' '*/odoo/addons/*/i18n/*.po'
    for language in $LANGUAGES; do
        for addon in base web mail fetchmail bus; do echo "path-include=*/odoo/addons/$addon/i18n/$language.po"; done
    done
} > "$root/etc/dpkg/dpkg.cfg.d/lab"
# No package starts a daemon.
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
# What bin/odoo mounts the lab and its /etc/hosts over.
mkdir -p "$root$lab"
: > "$root/etc/hosts"

mount -t proc proc "$root/proc"
mount --bind "$downloads/archives" "$root/var/cache/apt/archives"

mkdir "$root/tmp/dummies"
for dummy in $DUMMIES; do
    mkdir -p "$root/tmp/$dummy/DEBIAN"
    cat > "$root/tmp/$dummy/DEBIAN/control" << END
Package: $dummy
Version: 99~lab
Architecture: all
Maintainer: The lab <root@localhost>
Description: stands in for $dummy, which no test needs
END
    dpkg-deb --build "$root/tmp/$dummy" "$root/tmp/dummies/$dummy.deb" > /dev/null
done

chroot "$root" apt-get --quiet update
chroot "$root" sh -c 'dpkg --install /tmp/dummies/*.deb'
# Kept in the downloads, which `apt-get install` would otherwise empty.
chroot "$root" apt-get --quiet --yes --no-install-recommends -o APT::Keep-Downloaded-Packages=true install "$package"
rm -rf "$root"/tmp/* "$root"/var/lib/apt/lists/*
touch "$root/.complete"
