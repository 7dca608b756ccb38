"""Stand in for get-pip.py, which ansible-test downloads from a host of its own to put pip into an empty environment.

Python brings a pip along; that one fetches the version that ansible-test asks for, from where this machine gets packages.
"""

import subprocess
import sys

wanted = [argument for argument in sys.argv[1:] if "==" in argument]
subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted], check=True)
