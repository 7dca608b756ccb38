#!/bin/bash
# Show Postroom on a real Odoo 19, from nothing: a line for each step here, all of their output in a log.
set -euo pipefail
cd "$(dirname "$0")/../.."
log=.cache/demo.log
inventories=(--inventory inventories/lab --inventory tests/lab/servers --inventory tests/demo/inventory.yml)

say() { printf '%2d:%02d  %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$1"; }

# A step, whose output is for the log only.
step() {
    say "$1"
    shift
    "$@" >> "$log" 2>&1 || fail
}

fail() {
    printf '\nThis step failed. The last lines of %s:\n\n' "$log" >&2
    tail -n 15 "$log" >&2
    exit 1
}

# Steps that a playbook takes by itself: its tasks.
tasks() {
    "$@" 2>&1 | tee -a "$log" | sed -unE 's/^TASK \[([a-z_]+ : )?(.*)\] \*+$/\2/p' | while IFS= read -r name; do
        say "  $name"
    done || fail
}

playbook() { ansible-playbook "${inventories[@]}" --limit server19,odoo19 "$@"; }

tests/lab/preflight.sh 19
mkdir -p .cache
: > "$log"
echo "This takes 5 to 10 minutes on a new machine and needs 1.5 GB of disk space. The full output goes to $log."
step "Install Ansible in .venv" make --no-print-directory env-run
say "Start PostgreSQL, a mail system and Odoo 19 (make lab-up):"
# Without the tests' other template database, which takes half a minute.
tasks env LAB_TEMPLATES=base make --no-print-directory lab-up ODOO=19
step "Make a database for the demo" playbook tests/demo/database.yml
step "Configure its e-mail: site.yml" playbook --diff site.yml
step "Open its mail servers in Odoo" playbook tests/demo/look.yml
say "Verify it: each user writes to a customer, who replies (verify.yml):"
playbook -e round_trip=true playbooks/verify.yml 2>&1 | tee -a "$log" \
    | sed -unE 's/^\[odoo19\] round trip of ([^:]+): /       \1: /p; s/^All is well: /       &/p' || fail
say "Done."
python tests/demo/closing.py
