"""What make bare-check finds out about a machine, without making one."""

import pytest
from machine import Machine, releases


def link(root, path, target):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).symlink_to(target)


def test_a_service_that_starts_by_itself(tmp_path):
    machine = Machine(tmp_path)
    assert machine.starts_by_itself() == set()
    units = "etc/systemd/system"
    link(tmp_path, f"{units}/multi-user.target.wants/dovecot.service", "/lib/systemd/system/dovecot.service")
    link(tmp_path, f"{units}/sockets.target.wants/dovecot.socket", "/lib/systemd/system/dovecot.socket")
    link(tmp_path, "etc/rc2.d/S01postfix", "../init.d/postfix")
    link(tmp_path, "etc/rc2.d/K01postgresql", "../init.d/postgresql")
    assert machine.starts_by_itself() == {"dovecot.service", "dovecot.socket", "postfix"}
    link(tmp_path, f"{units}/dovecot.service", "/dev/null")
    assert machine.starts_by_itself() == {"dovecot.socket", "postfix"}


@pytest.mark.parametrize("named", ["bookworm", "oldstable"])
def test_archives_by_whatever_name_the_release_has(named):
    """apt's own lines: with the codename, and without it before the first update."""
    site = "http://mirror.example/apt"
    lines = [f"{site} main {named} bookworm", f"{site} main {named}-updates bookworm-updates"]
    lines += [f"{site} contrib {named} bookworm", "http://other.example/apt main nodistro nodistro"]
    assert releases("\n".join(lines)) == [(site, "bookworm"), (site, "bookworm-updates")]


def test_archives_before_the_first_update():
    assert releases("http://mirror.example/apt main bookworm \n") == [("http://mirror.example/apt", "bookworm")]
    assert releases("http://mirror.example/apt main oldstable \n") == []
