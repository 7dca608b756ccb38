#!/bin/sh
# Install Debian packages for their programs: none of their services starts, neither now nor with the machine.
# usage: install.sh PACKAGE...
set -eu
export DEBIAN_FRONTEND=noninteractive

# A service that is there already is the machine's own, and stays as it is.
ours=
for name in dovecot postfix postgresql unbound; do
    [ -e "/etc/init.d/$name" ] || ours="$ours $name"
done
mkdir -p /etc/systemd/system
for name in $ours; do
    for unit in "$name.service" "$name@.service" "$name.socket"; do
        ln -sfn /dev/null "/etc/systemd/system/$unit"
    done
done

# Neither a mail system nor a cluster of the host's.
case " $* " in
*' postfix '*)
    [ -e /usr/sbin/postfix ] || echo postfix postfix/main_mailer_type select No configuration | debconf-set-selections
    ;;
esac
settings=/etc/postgresql-common/createcluster.d/postroom-lab.conf
mkdir -p "${settings%/*}"
cat > "$settings" << END
# Postroom's test lab installed PostgreSQL for its programs only; its cluster is in the lab's folder.
create_main_cluster = false
END

# A policy of the machine's own is put back, however this ends.
policy=/usr/sbin/policy-rc.d
# If one that was killed left ours in place, the machine's own is aside already.
[ ! -e "$policy" ] || [ -e "$policy.before-postroom-lab" ] || mv "$policy" "$policy.before-postroom-lab"
restore() {
    rm -f "$policy"
    [ ! -e "$policy.before-postroom-lab" ] || mv "$policy.before-postroom-lab" "$policy"
}
trap restore EXIT
printf '#!/bin/sh\nexit 101\n' > "$policy"
chmod 755 "$policy"

[ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mtime -1)" ] || apt-get -qq update
apt-get -qq --yes --no-install-recommends -o DPkg::Lock::Timeout=300 \
    -o DPkg::Options::=--force-unsafe-io install "$@" # does not wait for the disk after each file

# The same where init is sysvinit's.
for name in $ours; do
    [ ! -e "/etc/init.d/$name" ] || update-rc.d "$name" disable || true # systemd has them masked
done
