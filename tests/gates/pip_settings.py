"""This machine's settings of pip, for a home or a root of a test's own."""

import ast
import configparser
import subprocess
from pathlib import Path
from urllib.parse import urlsplit


def settings():
    """The settings as pip reads them, from its files and the environment: {(section, option): value}."""
    listed = subprocess.run(["pip", "config", "list"], check=True, capture_output=True, text=True).stdout
    found = {}
    for line in listed.splitlines():
        name, value = line.split("=", 1)
        section, option = name.rsplit(".", 1)
        found["global" if section == ":env:" else section, option.removeprefix(".")] = ast.literal_eval(value)
    return found


def write(path, more=None):
    """Write them as a pip.conf, which only its owner can read: an index's address can hold a password.

    :param more: further settings, as settings() has them
    """
    config = configparser.RawConfigParser()
    for (section, option), value in {**settings(), **(more or {})}.items():
        if not config.has_section(section):
            config.add_section(section)
        config.set(section, option, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with path.open("w") as file:
        config.write(file)


def local_paths():
    """The files and folders of this machine that the settings name."""
    words = [word for value in settings().values() for word in str(value).split()]
    paths = [Path(urlsplit(word).path if word.startswith("file:") else word) for word in words]
    return sorted({path for path in paths if path.is_absolute() and path.exists()})


def local_indexes():
    """The folders of this machine with packages that they lead to; an index refers to files beside itself."""
    return sorted({path.parent if path.name == "simple" else path for path in local_paths() if path.is_dir()})
