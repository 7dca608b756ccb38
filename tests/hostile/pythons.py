"""Run mutations.py with the Pythons of all Odoo series: the lab's own, that of its Odoo 14 (3.9), and Debian's newest.

    make lab-up ODOO=14
    python3 tests/hostile/pythons.py --count 20000

3.13 and 3.14 come from Debian's packages, unpacked in .cache/pythons (40 MB); nothing is installed. Needs root.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lab"), str(ROOT / "tests" / "hostile")]

from addon_tools import TOOLS
from folder import lab_dir

DOWNLOAD = ROOT / "tests" / "lab" / "roles" / "odoo_package" / "files" / "download.sh"
PLACE = ROOT / ".cache" / "pythons"
VERSIONS = ("3.13", "3.14")
# What the modules that mutations.py imports are linked with.
LIBRARIES = ("libc6", "zlib1g", "libexpat1", "libssl3t64", "libbz2-1.0", "liblzma5", "libzstd1", "libffi8", "libgcc-s1")


def newest_pythons():
    """The root with Debian's newest Pythons; unpacked once."""
    root = PLACE / "root"
    if not (root / ".complete").exists():
        shutil.rmtree(root, ignore_errors=True)
        (PLACE / "sid").mkdir(parents=True, exist_ok=True)
        of_python = [
            name % version for version in VERSIONS for name in ("python%s-minimal", "libpython%s-minimal", "libpython%s-stdlib")
        ]
        subprocess.run(
            ["sh", DOWNLOAD, "sid", *of_python, *LIBRARIES], cwd=PLACE / "sid", check=True, stdout=subprocess.DEVNULL
        )
        for name in ("lib", "lib64"):
            (root / "usr" / name).mkdir(parents=True)
            (root / name).symlink_to(f"usr/{name}")
        for package in sorted((PLACE / "sid" / "archives").glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", package, root], check=True)
        (root / "tmp").mkdir(exist_ok=True)
        (root / ".complete").touch()
    return root


def run_in(root, python, arguments):
    """Run the program in another root; returns its exit code."""
    place = root / "tmp" / "hostile"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(ROOT / "tests" / "hostile", place / "tests" / "hostile")
    shutil.copytree(TOOLS, place / TOOLS.relative_to(ROOT))
    command = ["chroot", root, python, "-B", "/tmp/hostile/tests/hostile/mutations.py", *arguments]
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        shutil.rmtree(place)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=3000, help="messages of random pieces for each Python")
    parser.add_argument("--seed", type=int, default=0, help="number of the first one")
    options = parser.parse_args()
    arguments = ["--count", str(options.count), "--seed", str(options.seed)]
    codes = [run_in(lab_dir() / "odoo" / "14" / "root", "/usr/bin/python3", arguments)]
    codes.append(
        subprocess.run([sys.executable, ROOT / "tests" / "hostile" / "mutations.py", *arguments], check=False).returncode
    )
    codes += [run_in(newest_pythons(), f"/usr/bin/python{version}", arguments) for version in VERSIONS]
    print(f"{len(codes)} Pythons, {sum(map(bool, codes))} with failures.")
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
