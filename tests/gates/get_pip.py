"""Stand in for get-pip.py, which ansible-test downloads from a host of its own to put pip into an empty environment.

The pip that runs Postroom's own environment fetches the version that ansible-test asks for, from where this machine gets
packages. Python compiles what is used, a tenth of what is installed.
"""

import subprocess
import sys

wanted = [argument for argument in sys.argv[1:] if "==" in argument]
options = ["--quiet", "--disable-pip-version-check", "--no-compile"]
subprocess.run(["pip", "--python", sys.executable, "install", *options, *wanted], check=True)
