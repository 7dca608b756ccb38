"""Put the addons where the lab's servers find them, and restart each server that had others.

usage: deploy.py SERIES...
"""

import sys

import office
from facts import read_lab

for series in sys.argv[1:]:
    office.deploy(read_lab(), series)
