#!/usr/bin/env python3
"""Draw what compare.py measured: seconds by number of people, for each row, on logarithmic scales.

usage: plot.py RESULTS.json PICTURE.svg SERIES SHAPE
"""

import json
import statistics
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "postroom"  # The same figures, the same file.
from matplotlib import pyplot

TITLES = {"first": "first run", "again": "nothing to do", "added": "one added", "password": "one password", "drift": "drift"}


def main():
    results, picture, series, shape = sys.argv[1:]
    found = [each for each in json.loads(Path(results).read_text()) if (each["series"], each["shape"]) == (series, shape)]
    figure, axes = pyplot.subplots(1, len(TITLES), figsize=(16, 4), sharey=True)
    for axis, (row, title) in zip(axes, TITLES.items(), strict=True):
        for name in dict.fromkeys(name for each in found for name in each["measured"]):
            timed = [(each["people"], [run[0] for run in each["measured"].get(name, {}).get(row, ())]) for each in found]
            timed = [(people, seconds) for people, seconds in timed if seconds]
            if timed:
                people, seconds = zip(*timed, strict=True)
                middles = [statistics.median(each) for each in seconds]
                spread = [
                    [m - min(s) for m, s in zip(middles, seconds, strict=True)],
                    [max(s) - m for m, s in zip(middles, seconds, strict=True)],
                ]
                axis.errorbar(people, middles, spread, label=name, marker="o", capsize=3)
        axis.set(title=title, xscale="log", yscale="log", xlabel="people")
    axes[0].set_ylabel("seconds")
    axes[0].legend(fontsize="small")
    figure.suptitle(f"Odoo {series}, {shape}")
    figure.tight_layout()
    figure.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    main()
