#!/usr/bin/env python3
"""Draw what compare.py measured: seconds by number of people, for each row, on logarithmic scales.

usage: plot.py RESULTS.json FOLDER

Makes a picture for each series and shape that was measured with several numbers of people, such as
FOLDER/performance-19-servers.svg.
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
    results, folder = map(Path, sys.argv[1:])
    found = json.loads(results.read_text())
    for series, shape in sorted({(each["series"], each["shape"]) for each in found}):
        of_it = [each for each in found if (each["series"], each["shape"]) == (series, shape)]
        if len(of_it) == 1:
            continue
        draw(sorted(of_it, key=lambda each: each["people"]), series, shape).savefig(
            folder / f"performance-{series}-{shape}.svg", metadata={"Date": None}
        )


def draw(found, series, shape):
    figure, axes = pyplot.subplots(1, len(TITLES), figsize=(16, 4.5), sharey=True, layout="constrained")
    # A contestant has its colour in every part of the picture, also where another one is missing.
    colours = {name: f"C{number}" for number, name in enumerate(dict.fromkeys(n for each in found for n in each["measured"]))}
    lines = {}
    for axis, (row, title) in zip(axes, TITLES.items(), strict=True):
        for name, colour in colours.items():
            timed = [(each["people"], [run[0] for run in each["measured"].get(name, {}).get(row, ())]) for each in found]
            timed = [(people, seconds) for people, seconds in timed if seconds]
            if timed:
                people, seconds = zip(*timed, strict=True)
                middles = [statistics.median(each) for each in seconds]
                spread = [
                    [m - min(s) for m, s in zip(middles, seconds, strict=True)],
                    [max(s) - m for m, s in zip(middles, seconds, strict=True)],
                ]
                lines[name] = axis.errorbar(people, middles, spread, color=colour, marker="o", capsize=3)
        axis.set(title=title, xscale="log", yscale="log", xlabel="people")
    axes[0].set_ylabel("seconds")
    figure.legend(lines.values(), lines, loc="outside lower center", ncols=len(lines), fontsize="small")
    figure.suptitle(f"Odoo {series}, {shape}")
    return figure


if __name__ == "__main__":
    main()
