"""`jaxcrc compare`: two saved runs side by side."""

from __future__ import annotations

import argparse
from pathlib import Path

TEXT, EXAMPLE, COMPUTES = (
    "two saved runs side by side: medians, half of the 68 % intervals, and the difference, second − first, in the two "
    "widths added in squares; a run that is no posterior is named",
    "compare w28-run other-run",
    True,
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("folders", type=Path, nargs=2, metavar="DIR", help="that fits wrote with --out")


def run(options: argparse.Namespace) -> int:
    """Print the table, and what speaks against its numbers."""
    from fitting.cli.terminal import bold, console, fitting_grid, new_grid, say, texts
    from fitting.report.compare import side_by_side
    from fitting.runs.run import Run

    table = side_by_side(*(Run.load(folder) for folder in options.folders))
    wide = new_grid("", ["parameter", "unit", *(str(f) for f in options.folders), "difference / width"])
    narrow = new_grid("", ["", ""], show_header=False, fold=True)
    for row in table:
        sides = [f"{row[m]:.4g} ± {row[w]:.2g}" for m, w in (("first", "width_1"), ("second", "width_2"))]
        cells = ["–" if "nan" in cell else cell for cell in (*sides, f"{row['pull']:+.2f}")]
        wide.add_row(*texts(row["parameter"], row["unit"], *cells))
        narrow.add_row(bold(row["parameter"]), *texts(row["unit"]))
        for name, cell in zip((*options.folders, "difference / width"), cells, strict=True):
            narrow.add_row(*texts(f"  {name}", cell))
    console.print(fitting_grid([wide], narrow))
    for folder, doubt in zip(options.folders, table.meta["doubts"], strict=True):
        if doubt:
            say(f"{folder}: {doubt}.")
    return 0
