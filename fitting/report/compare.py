"""Two runs side by side."""

from __future__ import annotations

import astropy.table
import numpy as np

from fitting.report.belief import weigh
from fitting.runs.run import Run


def side_by_side(first: Run, second: Run) -> astropy.table.Table:
    """Medians and 68 % half-widths of two runs, and their difference, second − first, in combined widths.

    Parameters that only one run has show NaN for the other. The meta's `doubts` says of each run why its numbers are
    not those of a posterior; it is empty where they are.
    """
    rows = [{str(row["parameter"]): row for row in run.summary()} for run in (first, second)]
    doubts = [weigh(run, side).short for run, side in zip((first, second), rows, strict=True)]
    names = list(rows[0]) + [name for name in rows[1] if name not in rows[0]]
    table = []
    for name in names:
        medians, widths = zip(*(_middle(side.get(name)) for side in rows), strict=True)
        unit = next(str(side[name]["unit"]) for side in rows if name in side)
        pull = (medians[1] - medians[0]) / np.hypot(*widths)
        table.append(
            {
                "parameter": name,
                "unit": unit,
                "first": medians[0],
                "width_1": widths[0],
                "second": medians[1],
                "width_2": widths[1],
                "pull": pull,
            }
        )
    return astropy.table.Table(rows=table, meta={"doubts": doubts})


def _middle(row: astropy.table.Row | None) -> tuple[float, float]:
    return (np.nan, np.nan) if row is None else (float(row["q50"]), 0.5 * float(row["q84"] - row["q16"]))
