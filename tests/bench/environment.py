"""The environment of the benchmark: what it compares with, apart from what we are made with."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "bench"
BENCH_PYTHON = FOLDER / "venv" / "bin" / "python"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def install():
    """Make it, unless it is there as the requirements have it."""
    done = FOLDER / "venv" / "requirements.txt"
    if done.is_file() and done.read_text() == REQUIREMENTS.read_text():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", FOLDER / "venv"], check=True)
    subprocess.run([BENCH_PYTHON, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS], check=True)
    done.write_text(REQUIREMENTS.read_text())
