"""`jaxcrc compare`: two saved runs side by side."""

from __future__ import annotations

import argparse
from pathlib import Path

TEXT, EXAMPLE, COMPUTES = "two saved runs side by side", "compare w28-run other-run", True


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("folders", type=Path, nargs=2, metavar="DIR", help="that fits wrote with --out")


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    from fitting.cli.terminal import show_grid
    from fitting.report.compare import side_by_side
    from fitting.runs.run import Run

    table = side_by_side(*(Run.load(folder) for folder in options.folders))
    rows = []
    for row in table:
        sides = [f"{row[m]:.4g} ± {row[w]:.2g}" for m, w in (("first", "width_1"), ("second", "width_2"))]
        cells = [*sides, f"{row['pull']:+.2f}"]
        rows.append((row["parameter"], row["unit"], *("–" if "nan" in cell else cell for cell in cells)))
    show_grid(("parameter", "unit", *options.folders, "difference / width"), rows)
    return 0
