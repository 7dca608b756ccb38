#!/bin/sh
# Unpack Odoo's package without what the lab does not need, and beside it the packages that its web assets link to.
# usage: unpack.sh ARCHIVES ODOO_PACKAGE ROOT LANGUAGE...
set -eu
archives=$1 package=$2 root=$3
shift 3

rm -rf "$root"
mkdir -p "$root"

# Localisations and translations are four fifths of it. dist-packages/addons is a second copy of the addons' code.
dpkg-deb --fsys-tarfile "$archives/$package"_*.deb | tar -x -C "$root" --no-same-owner \
    --exclude='*/addons/l10n_*' --exclude='*/i18n/*.po' --exclude='*/i18n_extra' --exclude='*/dist-packages/addons'

set -- $(for language in "$@"; do
    for addon in base web mail fetchmail bus; do echo "*/odoo/addons/$addon/i18n/$language.po"; done
done)
dpkg-deb --fsys-tarfile "$archives/$package"_*.deb | tar -x -C "$root" --no-same-owner --wildcards "$@" 2> /dev/null ||
    true # tar's complaint about addons or languages that are not there

# Compiled now, as root: the lab's user cannot write here, and would compile at each start.
find "$root/usr/lib/python3/dist-packages" -name '*.py' -not -path '*/tests/*' -not -path '*/upgrade_code/*' |
    /usr/bin/python3 -m compileall -q -i - > /dev/null || true # templates of modules are no valid Python

for deb in "$archives"/fonts-*.deb "$archives"/libjs-*.deb; do
    dpkg-deb --extract "$deb" "$root"
done
