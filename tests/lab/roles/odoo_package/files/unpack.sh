#!/bin/bash
# Unpack Odoo's package without what the lab does not need, and beside it the packages that its web assets link to.
# usage: unpack.sh ARCHIVES ODOO_PACKAGE ROOT LANGUAGE...
set -euo pipefail
archives=$1 package=$2 root=$3
shift 3

rm -rf "$root"
mkdir -p "$root"

set -- $(for language in "$@"; do
    for addon in base web mail fetchmail bus; do echo "*/odoo/addons/$addon/i18n/$language.po"; done
done)
unpack() { tar -x -C "$root" --no-same-owner "$@"; }

# Decompressed only once, as that takes longest.
mkfifo "$root/stream"
dpkg-deb --fsys-tarfile "$archives/$package"_*.deb | tee "$root/stream" |
    { unpack --wildcards "$@" 2> /dev/null || true; } & # tar complains of addons or languages that are not there
# Localisations and translations are four fifths of it. dist-packages/addons is a second copy of the addons' code.
unpack --exclude='*/addons/l10n_*' --exclude='*/i18n/*.po' --exclude='*/i18n_extra' --exclude='*/dist-packages/addons' \
    < "$root/stream"
wait $!
rm "$root/stream"

for deb in "$archives"/fonts-*.deb "$archives"/libjs-*.deb; do
    dpkg-deb --extract "$deb" "$root"
done
