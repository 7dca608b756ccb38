"""A bare Debian in a folder: what debootstrap makes, with git, make and ca-certificates, and not even systemd.

It gets its packages as this machine does. What runs in it has processes, mounts and a host name of its own, which end with
it; the network is this machine's.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "gates")]

import pip_settings
from artefact import CACHE

BASES = CACHE / "bare"
PACKAGES = ("git", "make", "ca-certificates")
HOST_SUITE = "bookworm"
ENTER = HERE / "enter.sh"


class Machine:
    def __init__(self, root):
        self.root = root

    @classmethod
    def new(cls, name, suite=HOST_SUITE):
        """A new one: a copy of what debootstrap made, which is kept."""
        base = BASES / f"base-{suite}"
        if not (base / ".complete").exists():
            cls(base).bootstrap(suite)
        machine = cls(BASES / name)
        machine.remove()
        subprocess.run(["cp", "--archive", base, machine.root], check=True)
        machine.take_settings()
        machine.run("update-ca-certificates", stdout=subprocess.DEVNULL)
        return machine

    def bootstrap(self, suite):
        self.remove()
        self.root.mkdir(parents=True)
        if not shutil.which("debootstrap"):
            subprocess.run(["apt-get", "-qq", "update"], check=True)
            subprocess.run(["apt-get", "-qq", "--yes", "--no-install-recommends", "install", "debootstrap"], check=True)
        keyring = "--keyring=/usr/share/keyrings/debian-archive-keyring.gpg"
        mirror = next(site for site, release in sources() if release == HOST_SUITE)
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", keyring, suite, self.root, mirror]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        lines = [f"deb {site} {release.replace(HOST_SUITE, suite)} main\n" for site, release in sources()]
        (self.root / "etc/apt/sources.list").write_text("".join(lines))
        subprocess.run(["chroot", self.root, "apt-get", "clean"], check=True)
        (self.root / ".complete").touch()

    def take_settings(self):
        """What leads this machine to its packages: apt's proxy, pip's settings and what they name, certificates."""
        dumped = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
        wanted = ("Acquire::http", "Acquire::https", "Acquire::Check")
        lines = [line for line in dumped.splitlines(keepends=True) if line.startswith(wanted)]
        (self.root / "etc/apt/apt.conf.d/90machine").write_text("".join(lines))
        pip_settings.write(self.root / "etc/pip.conf")
        files = [path for path in pip_settings.local_paths() if path.is_file()]
        for path in [*files, *Path("/usr/local/share/ca-certificates").glob("*.crt")]:
            copy = self.root / path.relative_to("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost bare\n")

    def run(self, script, *, check=True, without=(), shared=(), **options):
        """Run a shell script as root in it, with nothing of the caller's environment.

        :param without: capabilities that it has not got, as `sys_admin`
        :param shared: folders of this machine that it can read, at the same paths
        """
        bounds = [f"--bounding-set={','.join(f'-{name}' for name in without)}"] if without else []
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--ipc", "--uts", "--propagation", "private"]
        command += ["sh", ENTER, self.root, "setpriv", *bounds, "sh", "-euc", script]
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
        environment["SHARED"] = " ".join(map(str, [*pip_settings.local_indexes(), *shared]))
        environment |= {name: os.environ[name] for name in ("LAB_PORT_OFFSET",) if name in os.environ}
        return subprocess.run(command, check=check, env=environment, stdin=subprocess.DEVNULL, **options)

    def clone(self, source, to, umask):
        """Clone a repository of this machine's into it."""
        inside = self.root / to.lstrip("/")
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", source, inside], check=True, umask=umask)

    def starts_by_itself(self):
        """The services that would start with it, under systemd or sysvinit."""
        units = {unit.name for unit in self.root.glob("etc/systemd/system/*.wants/*")}
        links = [path for path in self.root.glob("etc/systemd/system/*") if path.is_symlink()]
        masked = {link.name for link in links if link.readlink() == Path("/dev/null")}
        return units - masked | {link.name[3:] for link in self.root.glob("etc/rc[2-5].d/S*")}

    def used(self):
        """The megabytes that it occupies."""
        done = subprocess.run(["du", "-sm", "--one-file-system", self.root], check=True, capture_output=True, text=True)
        return int(done.stdout.split()[0])

    def packages(self):
        """The names of the installed packages."""
        command = ["dpkg-query", f"--admindir={self.root}/var/lib/dpkg", "--show", "--showformat=${Package}\n"]
        return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())

    def remove(self):
        if self.root.exists():
            subprocess.run(["rm", "-rf", "--one-file-system", self.root], check=True)


def sources():
    """(site, release) of the archives of Debian that this machine installs from."""
    # Only an archive whose index is there has a codename: sources may call a release by what it is at the time, as oldstable.
    command = ["apt-get", "indextargets", "--format", "$(SITE) $(COMPONENT) $(RELEASE) $(CODENAME)"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = releases(listed)
    if not found:
        sys.exit("apt's configuration names no archive of Debian 12; run apt-get update")
    return found


def releases(listed):
    """(site, release) of the main archives of Debian 12 among lines of site, component, release and, if known, codename."""
    rows = [line.split() for line in listed.splitlines()]
    found = {(row[0], row[-1]) for row in rows if row[1] == "main" and row[-1].startswith(HOST_SUITE)}
    return sorted(found, key=lambda row: row[1])
