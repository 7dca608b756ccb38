#!/bin/bash
# See that this machine can run the lab, before anything is installed: needs bash and what every Debian has.
# usage: preflight.sh SERIES...
#
# Reports every problem in a line of its own, and ends with 1 if there is any.
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/../.."
here=$PWD
# What the lab occupies with its downloads (docs/bare-machine.md), and what each further series adds.
megabytes=$((2000 + 1200 * ($# - 1)))
lab=${LAB_DIR:-$here/.lab}
problems=0

problem() {
    echo "$1" >&2
    problems=1
}

# Everybody's, and nobody's in particular: what the services' users can reach, this one can.
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

running() {
    local pid
    read -r pid _ 2> /dev/null < "$lab/services/$1/pid" && kill -0 "$pid" 2> /dev/null
}

see_who_runs_it() {
    [ "$(id -u)" = 0 ] && return
    problem "You are $(id -un), not root: the lab installs packages and starts services. Run it as root, for example with sudo."
    exit 1
}

see_the_release() {
    local name
    name=$(. /etc/os-release && echo "${PRETTY_NAME:-an unknown system}")
    [ "$(. /etc/os-release && echo "${ID:-} ${VERSION_ID:-}")" = "debian 12" ] ||
        problem "This machine runs $name, but the lab needs Debian 12: use a machine or a container with Debian 12."
}

# Settings of Postfix, Dovecot, Odoo and make separate words by most of what a name can hold.
see_the_path() {
    local path
    for path in "$here" "$lab"; do
        [[ $path =~ [^A-Za-z0-9/._@+-] ]] || continue
        problem "The path $path contains '${BASH_REMATCH[0]}': move the clone to a path with only letters, digits and . _ - + @."
        return
    done
}

see_that_the_lab_is_open() {
    local path=$lab
    if [ -n "${LAB_DIR:-}" ]; then
        until [ -d "$path" ]; do path=$(dirname "$path"); done
        as_nobody test -x "$path" ||
            problem "The services' users cannot access LAB_DIR=$LAB_DIR: chmod o+x it and the folders above it, or set another."
    elif [ -d "$lab" ] && [ -z "$(find -L "$lab" -maxdepth 0 -perm -5)" ]; then
        problem "The services' users cannot access $(readlink -f "$lab"), as if created with umask 077: remove it and start again."
    fi
    as_nobody test -x /var/tmp || problem "The services' users cannot access /var/tmp: run chmod 1777 /var/tmp."
}

see_the_room() {
    local path seen='' device free
    # With its mark it is all there already.
    [ ! -e "$lab/lab.json" ] || return 0
    for path in "$here" /var/tmp /usr; do
        read -r device free < <(df -Pm "$path" | awk 'NR == 2 { print $1, $4 }')
        case " $seen " in *" $device "*) continue ;; esac
        seen="$seen $device"
        [ "$free" -ge "$megabytes" ] ||
            problem "The disk of $path has $free MB free, but the lab needs $megabytes MB: free some space on it."
    done
}

see_the_ports() {
    local name port service
    while read -r name port; do
        port=$((port + ${LAB_PORT_OFFSET:-0}))
        case $name in
        postgresql | odoo-*) service=$name ;;
        imap* | pop3* | lmtp) service=dovecot ;;
        dns) service=dns ;;
        *tokens) service=token-server ;;
        *) service=postfix ;;
        esac
        running "$service" && continue
        (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null || continue
        problem "Port $port, for $name, is taken by another program: stop it, or choose other ports, such as LAB_PORT_OFFSET=1000 make …"
    done < <(
        sed -nE 's/^  (\w+): "\{\{ ([0-9]+) \+ lab_port_offset.*/\1 \2/p' tests/lab/vars.yml
        for series; do echo "odoo-$series $((8000 + series))"; done
    )
}

see_the_right_to_mount() {
    local series
    for series; do
        # The only one with neither a root nor an interpreter of its own.
        [ "$series" != 19 ] || continue
        unshare --mount --propagation private true 2> /dev/null ||
            problem "This container cannot mount file systems, as Odoo $series requires: add CAP_SYS_ADMIN, or use Odoo 19 or make demo only."
    done
}

see_who_runs_it
see_the_release
see_the_path
see_that_the_lab_is_open
see_the_room "$@"
see_the_ports "$@"
see_the_right_to_mount "$@"
exit $problems
